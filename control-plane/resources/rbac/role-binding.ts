import { roleBindings } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const roleBindingResource = defineResource({
  type: roleBindings,
});
