import { csiStorageCapacities } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const csiStorageCapacityResource = defineResource({
  type: csiStorageCapacities,
});
