import { type FieldError, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1DaemonSet } from '../../generated/types.ts';
import { countOrPercent, immutableField, nonNegative, notAboveWhole, oneOf } from '../fields.ts';
import { collisions, counts, selectorAndTemplate } from './shared.ts';

export function validateDaemonSet({ spec }: V1DaemonSet): FieldError[] {
  if (!spec) return [fieldRequired('spec.selector')];
  const { updateStrategy = {} } = spec;
  const rolling = updateStrategy.rollingUpdate;
  const path = 'spec.updateStrategy.rollingUpdate';
  const errors: FieldError[] = [
    ...selectorAndTemplate(spec, 'DaemonSet', 'invalid for daemonset'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...oneOf(updateStrategy.type ?? '', 'spec.updateStrategy', ['RollingUpdate', 'OnDelete']),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
  ];
  if (updateStrategy.type !== 'RollingUpdate') return errors;
  if (!rolling) return [...errors, fieldRequired(path)];
  const isSet = (value: number | string | undefined) =>
    value !== undefined && value !== 0 && !/^0+%$/.test(String(value));
  errors.push(
    ...countOrPercent(rolling.maxUnavailable, `${path}.maxUnavailable`),
    ...notAboveWhole(rolling.maxUnavailable, `${path}.maxUnavailable`),
    ...countOrPercent(rolling.maxSurge, `${path}.maxSurge`),
    ...notAboveWhole(rolling.maxSurge, `${path}.maxSurge`),
  );
  if (isSet(rolling.maxUnavailable) && isSet(rolling.maxSurge)) {
    errors.push(fieldInvalid(`${path}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (!isSet(rolling.maxUnavailable) && !isSet(rolling.maxSurge)) {
    errors.push(fieldRequired(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

export const validateDaemonSetUpdate = (object: V1DaemonSet, old: V1DaemonSet): FieldError[] =>
  immutableField(object.spec?.selector, old.spec?.selector, 'spec.selector');

export const validateDaemonSetStatus = (object: V1DaemonSet, old: V1DaemonSet): FieldError[] => [
  ...counts(
    object.status,
    [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
    ],
    undefined,
    '',
  ),
  ...collisions(object.status?.collisionCount, old.status?.collisionCount),
];
