import type { V1ClusterRole, V1ClusterRoleBinding, V1Role, V1RoleBinding } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const clusterRoleBindings = resourceType<V1ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
  { namespaced: false },
);
export const clusterRoles = resourceType<V1ClusterRole>(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterroles',
  'ClusterRole',
  { namespaced: false },
);
export const roleBindings = resourceType<V1RoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'rolebindings',
  'RoleBinding',
);
export const roles = resourceType<V1Role>('rbac.authorization.k8s.io', 'v1', 'roles', 'Role');
