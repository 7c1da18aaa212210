import { bindings } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const bindingResource = defineResource({
  type: bindings,
  verbs: ['create'],
});
