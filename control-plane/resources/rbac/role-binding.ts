import { defaultBinding } from '#api/defaults/more.ts';
import type { V1RoleBinding } from '#api/generated/types.ts';
import { roleBindings } from '#api/kinds.ts';
import { validateBindingUpdate, validateRoleBinding } from '#api/validation/rbac.ts';
import { defineResource } from '../define.ts';
import { bindingColumns } from './binding-columns.ts';

export const roleBindingResource = defineResource<V1RoleBinding>({
  type: roleBindings,
  strategy: {
    nameRule: 'path-segment',
    default: defaultBinding,
    validate: validateRoleBinding,
    validateUpdate: validateBindingUpdate,
  },
  columns: bindingColumns<V1RoleBinding>(),
});
