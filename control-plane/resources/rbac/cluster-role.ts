import { clusterRoles } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const clusterRoleResource = defineResource({
  type: clusterRoles,
});
