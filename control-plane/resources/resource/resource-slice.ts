import { resourceSlices } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const resourceSliceResource = defineResource({
  type: resourceSlices,
});
