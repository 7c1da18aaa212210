import type { V1ClusterRole } from '#api/generated/types.ts';
import { clusterRoles } from '#api/kinds.ts';
import { validateClusterRole } from '#api/validation/rbac.ts';
import { createdAtColumn, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const clusterRoleResource = defineResource<V1ClusterRole>({
  type: clusterRoles,
  strategy: { nameRule: 'path-segment', validate: validateClusterRole },
  columns: [nameColumn(), createdAtColumn()],
});
