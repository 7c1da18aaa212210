import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../../field-error.ts';
import type { V1Deployment } from '../../generated/types.ts';
import { countOrPercent, immutableField, nonNegative, notAboveWhole } from '../fields.ts';
import { aboveReplicas, collisions, counts, selectorAndTemplate } from './shared.ts';

export function validateDeployment({ spec }: V1Deployment): FieldError[] {
  if (!spec) return [fieldRequired('spec.selector')];
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec;
  const errors = [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...selectorAndTemplate(spec, 'ReplicaSet', 'invalid for deployment'),
    ...deploymentStrategy(spec.strategy ?? {}),
    ...nonNegative(minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...nonNegative(deadline, 'spec.progressDeadlineSeconds'),
  ];
  if (deadline !== undefined && deadline <= minReadySeconds) {
    errors.push(fieldInvalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

function deploymentStrategy(strategy: NonNullable<NonNullable<V1Deployment['spec']>['strategy']>): FieldError[] {
  const field = 'spec.strategy';
  const rolling = strategy.rollingUpdate;
  const path = `${field}.rollingUpdate`;
  if (strategy.type === 'Recreate') {
    return rolling ? [fieldForbidden(path, "may not be specified when strategy `type` is 'Recreate'")] : [];
  }
  if (strategy.type !== 'RollingUpdate') {
    const shown = { Type: strategy.type ?? '', RollingUpdate: rolling ?? null };
    return [fieldNotSupported(field, shown, ['Recreate', 'RollingUpdate'])];
  }
  if (!rolling) return [fieldRequired(path, 'this should be defaulted and never be nil')];
  return rollingUpdate(rolling, path);
}

function rollingUpdate(
  rolling: { maxSurge?: number | string | undefined; maxUnavailable?: number | string | undefined },
  field: string,
): FieldError[] {
  const { maxSurge, maxUnavailable } = rolling;
  const isNone = (value: number | string | undefined) =>
    value === undefined || value === 0 || /^0+%$/.test(String(value));
  const errors = [
    ...countOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...countOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(fieldInvalid(`${field}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
  }
  return [...errors, ...notAboveWhole(maxUnavailable, `${field}.maxUnavailable`)];
}

export const validateDeploymentUpdate = (object: V1Deployment, old: V1Deployment): FieldError[] =>
  immutableField(object.spec?.selector, old.spec?.selector, 'spec.selector');

export const validateDeploymentStatus = (object: V1Deployment, old: V1Deployment): FieldError[] => [
  ...counts(object.status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', aboveReplicas),
  ...nonNegative(object.status?.observedGeneration, 'status.observedGeneration'),
  ...nonNegative(object.status?.unavailableReplicas, 'status.unavailableReplicas'),
  ...collisions(object.status?.collisionCount, old.status?.collisionCount),
];
