import { type FieldError, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { CoreV1Event, V1Lease } from '../generated/types.ts';
import { nonNegative, qualifiedName } from './fields.ts';

export function validateEvent(event: CoreV1Event): FieldError[] {
  const namespace = event.metadata?.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const matches = about ? namespace === about : namespace === '' || namespace === 'default';
  const errors = matches ? [] : [fieldInvalid('involvedObject.namespace', about, 'does not match event.namespace')];
  // Recorders of old write no eventTime; then nothing more was ever asked of them.
  if (!event.eventTime) return errors;
  if (!event.reportingComponent) errors.push(fieldRequired('reportingController'));
  errors.push(...qualifiedName(event.reportingComponent ?? '', 'reportingController'));
  errors.push(...bounded(event.reportingInstance, 'reportingInstance', 128));
  errors.push(...bounded(event.action, 'action', 128), ...bounded(event.reason, 'reason', 128));
  const message = event.message ?? '';
  return message.length > 1024
    ? [...errors, fieldInvalid('message', message, 'can have at most 1024 characters')]
    : errors;
}

function bounded(text: string | undefined, field: string, lengthMax: number): FieldError[] {
  if (!text) return [fieldRequired(field)];
  return text.length > lengthMax ? [fieldInvalid(field, text, `can have at most ${lengthMax} characters`)] : [];
}

export function validateLease({ spec }: V1Lease): FieldError[] {
  const seconds = spec?.leaseDurationSeconds;
  return [
    ...(seconds !== undefined && seconds <= 0
      ? [fieldInvalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
      : []),
    ...nonNegative(spec?.leaseTransitions, 'spec.leaseTransitions'),
  ];
}
