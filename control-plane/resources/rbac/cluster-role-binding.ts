import { clusterRoleBindings } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const clusterRoleBindingResource = defineResource({
  type: clusterRoleBindings,
});
