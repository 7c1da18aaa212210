import type { V1ComponentStatus } from '#api/generated/types.ts';
import { componentStatuses } from '#api/kinds.ts';
import { column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

const healthOf = ({ conditions = [] }: V1ComponentStatus) =>
  conditions.find((condition) => condition.type === 'Healthy');

const words: Readonly<Record<string, string>> = { True: 'Healthy', False: 'Unhealthy' };

export const componentStatusResource = defineResource<V1ComponentStatus>({
  type: componentStatuses,
  verbs: ['get', 'list'],
  columns: [
    nameColumn(),
    column('Status', (component) => words[healthOf(component)?.status ?? ''] ?? 'Unknown'),
    column('Message', (component) => healthOf(component)?.message ?? ''),
    column('Error', (component) => healthOf(component)?.error ?? ''),
  ],
});
