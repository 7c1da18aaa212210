import { defaultJob } from '#api/defaults/workloads.ts';
import { formatAge } from '#api/duration.ts';
import type { V1Job } from '#api/generated/types.ts';
import { jobs } from '#api/kinds.ts';
import { validateJob, validateJobStatus, validateJobUpdate } from '#api/validation/batch.ts';
import { templateWarnings } from '#api/validation/pod/warnings.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { selectorColumn, templateColumns } from '../workload-columns.ts';

/** Unless the user says otherwise, a job owns the pods that carry its uid. */
function generateSelector(job: V1Job): void {
  const { spec, metadata } = job;
  if (!spec?.template || spec.manualSelector) return;
  const uid = metadata?.uid ?? '';
  const own = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': metadata?.name ?? '',
  };
  const old = { 'controller-uid': uid, 'job-name': metadata?.name ?? '' };
  spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, ...own, ...old } };
  spec.selector ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
}

function statusOf({ status, metadata }: V1Job): string {
  const holds = (type: string) => (status?.conditions ?? []).some((one) => one.type === type && one.status === 'True');
  for (const type of ['Complete', 'Failed']) if (holds(type)) return type;
  if (metadata?.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completionsOf({ spec, status }: V1Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function durationOf({ status }: V1Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const endMs = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return formatAge(endMs - Date.parse(status.startTime));
}

export const jobResource = defineResource<V1Job>({
  type: jobs,
  strategy: specAndStatus<V1Job>({
    default: defaultJob,
    prepareForCreate: generateSelector,
    validate: validateJob,
    validateUpdate: validateJobUpdate,
    validateStatus: validateJobStatus,
    warnings: (job) => templateWarnings(job.spec?.template, 'spec.template'),
    selectableFields: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
    // batch/v1 is older than cascading deletion.
    defaultPropagation: 'Orphan',
  }),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Status', statusOf),
    column('Completions', completionsOf),
    column('Duration', durationOf),
    ageColumn(),
    ...templateColumns<V1Job>((job) => job.spec?.template),
    selectorColumn((job) => job.spec?.selector),
  ],
});
