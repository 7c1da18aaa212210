import { limitRanges } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const limitRangeResource = defineResource({
  type: limitRanges,
});
