import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '../field-error.ts';
import type { V1CronJob, V1Job, V1JobSpec } from '../generated/types.ts';
import { fromLabelSelectorObject, matchesLabels } from '../selectors/labels.ts';
import { cronProblem } from './cron.ts';
import { semanticallyEqual } from './equal.ts';
import { each, immutableField, labelSelector, nonNegative, oneOf, requiredOneOf } from './fields.ts';
import { podTemplate } from './pod/pod.ts';

const indexesMax = 100_000;
/** A pod of a CronJob is called as it, a dash and eleven characters more. */
const cronJobNameMax = 52;

export function validateJob(job: V1Job): FieldError[] {
  const { spec } = job;
  if (!spec) return [fieldRequired('spec.selector')];
  const errors = jobSpec(spec, 'spec');
  if (!spec.selector) return [...errors, fieldRequired('spec.selector')];
  const malformed = labelSelector(spec.selector, 'spec.selector');
  errors.push(...malformed);
  const labels = spec.template?.metadata?.labels ?? {};
  if (malformed.length === 0 && !matchesLabels(fromLabelSelectorObject(spec.selector), labels)) {
    errors.push(fieldInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  return errors;
}

function jobSpec(spec: V1JobSpec, field: string): FieldError[] {
  const { completionMode, completions, parallelism = 1 } = spec;
  const errors = [
    ...nonNegative(spec.parallelism, `${field}.parallelism`),
    ...nonNegative(completions, `${field}.completions`),
    ...nonNegative(spec.activeDeadlineSeconds, `${field}.activeDeadlineSeconds`),
    ...nonNegative(spec.backoffLimit, `${field}.backoffLimit`),
    ...nonNegative(spec.ttlSecondsAfterFinished, `${field}.ttlSecondsAfterFinished`),
    ...nonNegative(spec.backoffLimitPerIndex, `${field}.backoffLimitPerIndex`),
    ...nonNegative(spec.maxFailedIndexes, `${field}.maxFailedIndexes`),
    ...oneOf(completionMode, `${field}.completionMode`, ['NonIndexed', 'Indexed']),
  ];
  if (completionMode === 'Indexed') {
    if (completions === undefined) {
      errors.push(fieldRequired(`${field}.completions`, 'when completion mode is Indexed'));
    } else if (parallelism > indexesMax) {
      const words = `must be less than or equal to ${indexesMax} when completion mode is Indexed`;
      errors.push(fieldInvalid(`${field}.parallelism`, parallelism, words));
    }
  } else if (spec.backoffLimitPerIndex !== undefined) {
    const words = 'requires indexed completion mode';
    errors.push(fieldInvalid(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, words));
  }
  errors.push(...failurePolicy(spec, `${field}.podFailurePolicy`));
  errors.push(...podTemplate(spec.template, `${field}.template`));
  const policy = spec.template?.spec?.restartPolicy;
  const path = `${field}.template.spec.restartPolicy`;
  if (policy === 'Always' || !policy) {
    const { message, ...error } = fieldRequired(path, 'valid values: "OnFailure", "Never"');
    errors.push({ ...error, message });
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    errors.push(fieldNotSupported(path, policy, ['OnFailure', 'Never']));
  } else if (spec.podFailurePolicy && policy !== 'Never') {
    errors.push(fieldInvalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
  return errors;
}

function failurePolicy(spec: V1JobSpec, field: string): FieldError[] {
  return each(spec.podFailurePolicy?.rules, `${field}.rules`, (rule, path) => {
    const errors = requiredOneOf(rule.action, `${path}.action`, ['Count', 'FailIndex', 'FailJob', 'Ignore']);
    const given = [rule.onExitCodes, rule.onPodConditions?.length ? rule.onPodConditions : undefined].filter(
      Boolean,
    ).length;
    if (given === 0) {
      errors.push(fieldInvalid(path, '', 'specifying one of OnExitCodes and OnPodConditions is required'));
    } else if (given > 1) {
      errors.push(fieldInvalid(path, '', 'specifying both OnExitCodes and OnPodConditions is not supported'));
    }
    if (!rule.onExitCodes) return errors;
    const at = `${path}.onExitCodes`;
    const { operator, values = [] } = rule.onExitCodes;
    errors.push(...requiredOneOf(operator, `${at}.operator`, ['In', 'NotIn']));
    if (values.length === 0) errors.push(fieldInvalid(`${at}.values`, values, 'at least one value is required'));
    if (operator === 'In' && values.includes(0)) {
      errors.push(fieldInvalid(`${at}.values[${values.indexOf(0)}]`, 0, 'must not be 0 for the In operator'));
    }
    return errors;
  });
}

export function validateJobUpdate(job: V1Job, old: V1Job): FieldError[] {
  const now = job.spec;
  const before = old.spec;
  if (!now || !before) return [];
  const completionsFixed = now.completionMode !== 'Indexed' || now.completions !== now.parallelism;
  return [
    ...(completionsFixed ? immutableField(now.completions, before.completions, 'spec.completions') : []),
    ...immutableField(now.selector, before.selector, 'spec.selector'),
    ...templateKept(job, old),
    ...immutableField(now.completionMode, before.completionMode, 'spec.completionMode'),
    ...immutableField(now.podFailurePolicy, before.podFailurePolicy, 'spec.podFailurePolicy'),
    ...immutableField(now.backoffLimitPerIndex, before.backoffLimitPerIndex, 'spec.backoffLimitPerIndex'),
    ...immutableField(now.managedBy, before.managedBy, 'spec.managedBy'),
    ...immutableField(now.successPolicy, before.successPolicy, 'spec.successPolicy'),
  ];
}

/** Where its pods may run can change while a suspended job has not started. */
function templateKept(job: V1Job, old: V1Job): FieldError[] {
  const before = old.spec?.template;
  const now = job.spec?.template;
  const free = old.spec?.suspend === true && old.status?.startTime === undefined;
  if (!free || !before?.spec || !now?.spec) return immutableField(now, before, 'spec.template');
  const { nodeSelector, tolerations, schedulingGates, affinity } = before.spec;
  const munged = {
    ...now,
    metadata: { ...now.metadata, labels: before.metadata?.labels, annotations: before.metadata?.annotations },
    spec: { ...now.spec, nodeSelector, tolerations, schedulingGates, affinity },
  };
  const base = { ...before, metadata: { ...before.metadata } };
  return semanticallyEqual(munged, base) ? [] : immutableField(now, before, 'spec.template');
}

export function validateJobStatus({ status }: V1Job): FieldError[] {
  const finished = status?.conditions?.filter(
    (condition) => (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True',
  );
  return [
    ...nonNegative(status?.active, 'status.active'),
    ...nonNegative(status?.succeeded, 'status.succeeded'),
    ...nonNegative(status?.failed, 'status.failed'),
    ...nonNegative(status?.ready, 'status.ready'),
    ...nonNegative(status?.terminating, 'status.terminating'),
    ...((finished?.length ?? 0) > 1
      ? [fieldInvalid('status.conditions', status?.conditions, 'cannot set Complete=True and Failed=true conditions')]
      : []),
  ];
}

export function validateCronJob(job: V1CronJob): FieldError[] {
  const { spec, metadata } = job;
  const errors: FieldError[] = [];
  if ((metadata?.name ?? '').length > cronJobNameMax) {
    const words = `must be no more than ${cronJobNameMax} characters`;
    errors.push(fieldInvalid('metadata.name', metadata?.name, words));
  }
  if (!spec) return [...errors, fieldRequired('spec.schedule')];
  if (!spec.schedule) errors.push(fieldRequired('spec.schedule'));
  else {
    const problem = cronProblem(spec.schedule);
    if (problem) errors.push(fieldInvalid('spec.schedule', spec.schedule, problem));
    if (/TZ=/.test(spec.schedule)) {
      const words = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
      errors.push(fieldInvalid('spec.schedule', spec.schedule, words));
    }
  }
  errors.push(...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'));
  if (spec.timeZone !== undefined) errors.push(...timeZone(spec.timeZone, 'spec.timeZone'));
  errors.push(
    ...requiredOneOf(spec.concurrencyPolicy, 'spec.concurrencyPolicy', ['Allow', 'Forbid', 'Replace']),
    ...(spec.jobTemplate?.spec
      ? jobTemplate(spec.jobTemplate.spec)
      : [fieldRequired('spec.jobTemplate.spec.template.spec.containers')]),
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
  );
  return errors;
}

function jobTemplate(spec: V1JobSpec): FieldError[] {
  const field = 'spec.jobTemplate.spec';
  const errors = jobSpec(spec, field);
  if (spec.manualSelector) {
    errors.push(fieldForbidden(`${field}.manualSelector`, 'manual selector is not supported in a job template'));
  }
  if (spec.selector) errors.push(fieldInvalid(`${field}.selector`, spec.selector, '`selector` will be auto-generated'));
  return errors;
}

function timeZone(name: string, field: string): FieldError[] {
  if (name === '') return [fieldInvalid(field, name, 'timeZone must be nil or non-empty string')];
  if (name.length > 255) return [fieldTooLong(field, 255)];
  if (name.toLowerCase() === 'local')
    return [
      fieldInvalid(field, name, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    ];
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return [];
  } catch {
    return [fieldInvalid(field, name, `unknown time zone ${name}`)];
  }
}
