import type { V1PriorityLevelConfiguration } from '#api/generated/types.ts';
import { priorityLevelConfigurations } from '#api/kinds.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

const queuing = ({ spec }: V1PriorityLevelConfiguration) => spec?.limited?.limitResponse?.queuing;

export const priorityLevelConfigurationResource = defineResource<V1PriorityLevelConfiguration>({
  type: priorityLevelConfigurations,
  strategy: specAndStatus<V1PriorityLevelConfiguration>({}),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Type', (level) => level.spec?.type ?? ''),
    column('NominalConcurrencyShares', ({ spec }) =>
      String(spec?.limited?.nominalConcurrencyShares ?? spec?.exempt?.nominalConcurrencyShares ?? none),
    ),
    column('Queues', (level) => String(queuing(level)?.queues ?? none)),
    column('HandSize', (level) => String(queuing(level)?.handSize ?? none)),
    column('QueueLengthLimit', (level) => String(queuing(level)?.queueLengthLimit ?? none)),
    ageColumn(),
  ],
});
