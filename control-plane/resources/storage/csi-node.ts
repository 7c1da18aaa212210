import type { V1CSINode } from '#api/generated/types.ts';
import { csiNodes } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const csiNodeResource = defineResource<V1CSINode>({
  type: csiNodes,
  columns: [
    nameColumn(),
    column('Drivers', (node) => (node.spec?.drivers ?? []).length, { type: 'integer' }),
    ageColumn(),
  ],
});
