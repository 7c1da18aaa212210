import { defaultBinding } from '#api/defaults/more.ts';
import type { V1ClusterRoleBinding } from '#api/generated/types.ts';
import { clusterRoleBindings } from '#api/kinds.ts';
import { validateBindingUpdate, validateClusterRoleBinding } from '#api/validation/rbac.ts';
import { defineResource } from '../define.ts';
import { bindingColumns } from './binding-columns.ts';

export const clusterRoleBindingResource = defineResource<V1ClusterRoleBinding>({
  type: clusterRoleBindings,
  strategy: {
    nameRule: 'path-segment',
    default: defaultBinding,
    validate: validateClusterRoleBinding,
    validateUpdate: validateBindingUpdate,
  },
  columns: bindingColumns<V1ClusterRoleBinding>(),
});
