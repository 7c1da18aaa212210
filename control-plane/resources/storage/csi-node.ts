import { csiNodes } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const csiNodeResource = defineResource({
  type: csiNodes,
});
