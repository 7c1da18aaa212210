import { endpointSlices } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const endpointSliceResource = defineResource({
  type: endpointSlices,
});
