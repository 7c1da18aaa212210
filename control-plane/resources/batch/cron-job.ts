import { defaultCronJob } from '#api/defaults/workloads.ts';
import type { V1CronJob } from '#api/generated/types.ts';
import { cronJobs } from '#api/kinds.ts';
import { validateCronJob } from '#api/validation/batch.ts';
import { ageColumn, ageOf, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { selectorColumn, templateColumns } from '../workload-columns.ts';

const truth = (value: boolean | undefined): string => (value === undefined ? '<unset>' : value ? 'True' : 'False');

export const cronJobResource = defineResource<V1CronJob>({
  type: cronJobs,
  strategy: specAndStatus<V1CronJob>({ default: defaultCronJob, validate: validateCronJob }),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Schedule', (job) => job.spec?.schedule ?? ''),
    column('Timezone', (job) => job.spec?.timeZone ?? none),
    column('Suspend', (job) => truth(job.spec?.suspend)),
    column('Active', (job) => (job.status?.active ?? []).length, { type: 'integer' }),
    column('Last Schedule', ({ status }, nowMs) =>
      status?.lastScheduleTime ? ageOf(status.lastScheduleTime, nowMs) : none,
    ),
    ageColumn(),
    ...templateColumns<V1CronJob>((job) => job.spec?.jobTemplate?.spec?.template),
    selectorColumn((job) => job.spec?.jobTemplate?.spec?.selector),
  ],
});
