import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type {
  V1ControllerRevision,
  V1DaemonSet,
  V1Deployment,
  V1LabelSelector,
  V1PodTemplateSpec,
  V1ReplicaSet,
  V1ReplicationController,
  V1StatefulSet,
} from '../generated/types.ts';
import { fromLabelSelectorObject, matchesLabels } from '../selectors/labels.ts';
import { semanticallyEqual } from './equal.ts';
import {
  countOrPercent,
  each,
  immutableField,
  isEmptySelector,
  labelSelector,
  nonNegative,
  notAboveWhole,
  oneOf,
  requiredOneOf,
} from './fields.ts';
import { podTemplate } from './pod/pod.ts';
import { claimSpec } from './volume-claim.ts';

/** Whether the selector, which is known to be well formed, takes the template's pods. */
function selects(selector: V1LabelSelector, template: V1PodTemplateSpec | undefined): boolean {
  return matchesLabels(fromLabelSelectorObject(selector), template?.metadata?.labels ?? {});
}

/** Selector and template of a workload whose pods run for ever. */
function selectorAndTemplate(
  spec: { selector?: V1LabelSelector | undefined; template?: V1PodTemplateSpec | undefined },
  kind: string,
  selectorName: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { selector, template } = spec;
  // Without a selector nothing is selected, the template's own pods neither.
  if (!selector) errors.push(fieldRequired('spec.selector'), mismatch(template));
  else {
    const malformed = labelSelector(selector, 'spec.selector');
    errors.push(...malformed);
    if (isEmptySelector(selector)) {
      errors.push(fieldInvalid('spec.selector', selector, `empty selector is ${selectorName}`));
    } else if (malformed.length === 0 && !selects(selector, template)) {
      errors.push(mismatch(template));
    }
  }
  return [...errors, ...podTemplate(template, 'spec.template'), ...alwaysRestarted(template, kind)];
}

const mismatch = (template: V1PodTemplateSpec | undefined): FieldError =>
  fieldInvalid(
    'spec.template.metadata.labels',
    template?.metadata?.labels ?? null,
    '`selector` does not match template `labels`',
  );

function alwaysRestarted(template: V1PodTemplateSpec | undefined, kind: string): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  const errors: FieldError[] = [];
  if (policy !== 'Always') {
    errors.push(fieldNotSupported('spec.template.spec.restartPolicy', policy ?? '', ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const words = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(fieldForbidden('spec.template.spec.activeDeadlineSeconds', words));
  }
  return errors;
}

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

type ReplicaStatus = Record<string, unknown>;

/** Counts of a status are not negative, and parts are not more than the whole. */
function counts(
  status: object | undefined,
  names: readonly string[],
  whole: string | undefined,
  message: string,
): FieldError[] {
  const values: ReplicaStatus = { ...status };
  const number = (name: string): number => {
    const value = values[name];
    return typeof value === 'number' ? value : 0;
  };
  const negative = [...(whole ? [whole] : []), ...names].flatMap((name) => nonNegative(number(name), `status.${name}`));
  if (whole === undefined) return negative;
  const tooMany = names
    .filter((name) => name !== 'observedGeneration' && number(name) > number(whole))
    .map((name) => fieldInvalid(`status.${name}`, number(name), message));
  const unready = number('availableReplicas') > number('readyReplicas') && names.includes('availableReplicas');
  return unready
    ? [
        ...negative,
        ...tooMany,
        fieldInvalid('status.availableReplicas', number('availableReplicas'), 'cannot be greater than readyReplicas'),
      ]
    : [...negative, ...tooMany];
}

const aboveReplicas = 'cannot be greater than status.replicas';

export const validateDeploymentStatus = (object: V1Deployment, old: V1Deployment): FieldError[] => [
  ...counts(object.status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', aboveReplicas),
  ...nonNegative(object.status?.observedGeneration, 'status.observedGeneration'),
  ...nonNegative(object.status?.unavailableReplicas, 'status.unavailableReplicas'),
  ...collisions(object.status?.collisionCount, old.status?.collisionCount),
];

const collisions = (now: number | undefined, before: number | undefined): FieldError[] =>
  before !== undefined && (now ?? -1) < before
    ? [fieldInvalid('status.collisionCount', now ?? 0, 'cannot be decremented')]
    : [];

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

export function validateStatefulSet({ spec }: V1StatefulSet): FieldError[] {
  if (!spec) return [fieldRequired('spec.selector')];
  const { updateStrategy = {}, selector, template, podManagementPolicy: policy } = spec;
  const errors: FieldError[] = [];
  if (!policy) errors.push(fieldRequired('spec.podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.push(fieldInvalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  const rolling = updateStrategy.rollingUpdate;
  const path = 'spec.updateStrategy.rollingUpdate';
  if (updateStrategy.type === 'OnDelete') {
    if (rolling) errors.push(fieldInvalid(path, rolling, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (updateStrategy.type === 'RollingUpdate') {
    errors.push(...nonNegative(rolling?.partition, `${path}.partition`));
    errors.push(...countOrPercent(rolling?.maxUnavailable, `${path}.maxUnavailable`));
    if (rolling?.maxUnavailable === 0) errors.push(fieldInvalid(`${path}.maxUnavailable`, 0, 'cannot be 0'));
    errors.push(...notAboveWhole(rolling?.maxUnavailable, `${path}.maxUnavailable`));
  } else {
    errors.push(fieldInvalid('spec.updateStrategy', updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  const retentions = ['Delete', 'Retain'];
  errors.push(
    ...requiredOneOf(retention?.whenDeleted, 'spec.persistentVolumeClaimRetentionPolicy.whenDeleted', retentions),
    ...requiredOneOf(retention?.whenScaled, 'spec.persistentVolumeClaimRetentionPolicy.whenScaled', retentions),
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
  );
  if (!selector) errors.push(fieldRequired('spec.selector'), mismatch(template));
  else {
    const malformed = labelSelector(selector, 'spec.selector');
    errors.push(...malformed);
    if (isEmptySelector(selector)) {
      errors.push(fieldInvalid('spec.selector', selector, 'empty selector is invalid for statefulset'));
    } else if (malformed.length === 0 && !selects(selector, template)) errors.push(mismatch(template));
  }
  // Mounts may name the claims of the set, which become volumes of each pod.
  const claims = spec.volumeClaimTemplates ?? [];
  const withClaims = template?.spec && {
    ...template,
    spec: {
      ...template.spec,
      volumes: [
        ...(template.spec.volumes ?? []).filter(
          (volume) => !claims.some((claim) => claim.metadata?.name === volume.name),
        ),
        ...claims.map((claim) => ({
          name: claim.metadata?.name ?? '',
          persistentVolumeClaim: { claimName: claim.metadata?.name ?? '' },
        })),
      ],
    },
  };
  return [
    ...errors,
    ...podTemplate(withClaims || template, 'spec.template'),
    ...alwaysRestarted(template, 'StatefulSet'),
    ...each(claims, 'spec.volumeClaimTemplates', (claim, at) => claimSpec(claim.spec ?? {}, `${at}.spec`)),
  ];
}

export function validateStatefulSetUpdate(object: V1StatefulSet, old: V1StatefulSet): FieldError[] {
  const free = {
    replicas: undefined,
    template: undefined,
    updateStrategy: undefined,
    minReadySeconds: undefined,
    ordinals: undefined,
    revisionHistoryLimit: undefined,
    persistentVolumeClaimRetentionPolicy: undefined,
  };
  if (semanticallyEqual({ ...object.spec, ...free }, { ...old.spec, ...free })) return [];
  const words =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [fieldForbidden('spec', words)];
}

export const validateStatefulSetStatus = (object: V1StatefulSet, old: V1StatefulSet): FieldError[] => [
  ...counts(
    object.status,
    ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    'replicas',
    aboveReplicas,
  ),
  ...nonNegative(object.status?.observedGeneration, 'status.observedGeneration'),
  ...collisions(object.status?.collisionCount, old.status?.collisionCount),
];

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

export const validateControllerRevision = (revision: V1ControllerRevision): FieldError[] => [
  ...(revision.data === undefined || revision.data === null ? [fieldRequired('data', 'data is mandatory')] : []),
  ...nonNegative(revision.revision, 'revision'),
];

export const validateControllerRevisionUpdate = (
  object: V1ControllerRevision,
  old: V1ControllerRevision,
): FieldError[] => immutableField(object.data, old.data, 'data');
