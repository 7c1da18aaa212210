import type { V1FlowSchema } from '#api/generated/types.ts';
import { flowSchemas } from '#api/kinds.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

export const flowSchemaResource = defineResource<V1FlowSchema>({
  type: flowSchemas,
  strategy: specAndStatus<V1FlowSchema>({
    default(schema) {
      if (schema.spec) schema.spec.matchingPrecedence ??= 1000;
    },
  }),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('PriorityLevel', (schema) => schema.spec?.priorityLevelConfiguration?.name ?? ''),
    column('MatchingPrecedence', (schema) => schema.spec?.matchingPrecedence ?? 0, { type: 'integer' }),
    column('DistinguisherMethod', (schema) => schema.spec?.distinguisherMethod?.type ?? none),
    ageColumn(),
    column('MissingPL', (schema) => schema.status?.conditions?.find((one) => one.type === 'Dangling')?.status ?? '?'),
  ],
});
