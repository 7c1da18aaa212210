import type { V1Role } from '#api/generated/types.ts';
import { roles } from '#api/kinds.ts';
import { validateRole } from '#api/validation/rbac.ts';
import { createdAtColumn, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const roleResource = defineResource<V1Role>({
  type: roles,
  strategy: { nameRule: 'path-segment', validate: validateRole },
  columns: [nameColumn(), createdAtColumn()],
});
