import { csiDrivers } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const csiDriverResource = defineResource({
  type: csiDrivers,
});
