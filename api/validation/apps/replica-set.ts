import { type FieldError, fieldRequired } from '../../field-error.ts';
import type { V1ReplicaSet, V1ReplicationController } from '../../generated/types.ts';
import { immutableField, nonNegative } from '../fields.ts';
import { podTemplate } from '../pod/pod.ts';
import { aboveReplicas, alwaysRestarted, counts, mismatch, selectorAndTemplate } from './shared.ts';

export const validateReplicaSet = ({ spec }: V1ReplicaSet): FieldError[] =>
  spec
    ? [
        ...nonNegative(spec.replicas, 'spec.replicas'),
        ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
        ...selectorAndTemplate(spec, 'ReplicaSet', 'invalid for deployment'),
      ]
    : [fieldRequired('spec.selector')];

export const validateReplicaSetUpdate = (object: V1ReplicaSet, old: V1ReplicaSet): FieldError[] =>
  immutableField(object.spec?.selector, old.spec?.selector, 'spec.selector');

export const validateReplicaSetStatus = (object: V1ReplicaSet): FieldError[] => [
  ...counts(object.status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', aboveReplicas),
  ...nonNegative(object.status?.observedGeneration, 'status.observedGeneration'),
];

export function validateReplicationController({ spec }: V1ReplicationController): FieldError[] {
  if (!spec) return [fieldRequired('spec.selector'), fieldRequired('spec.template')];
  const { selector = {}, template } = spec;
  const errors = [...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds')];
  if (Object.keys(selector).length === 0) errors.push(fieldRequired('spec.selector'));
  errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
  if (!template) return [...errors, fieldRequired('spec.template')];
  const own = template.metadata?.labels ?? {};
  if (Object.entries(selector).some(([key, value]) => own[key] !== value)) errors.push(mismatch(template));
  return [...errors, ...podTemplate(template, 'spec.template'), ...alwaysRestarted(template, 'ReplicationController')];
}
