import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1StatefulSet } from '../../generated/types.ts';
import { semanticallyEqual } from '../equal.ts';
import {
  countOrPercent,
  each,
  isEmptySelector,
  labelSelector,
  nonNegative,
  notAboveWhole,
  requiredOneOf,
} from '../fields.ts';
import { podTemplate } from '../pod/pod.ts';
import { claimSpec } from '../volume-claim.ts';
import { aboveReplicas, alwaysRestarted, collisions, counts, mismatch, selects } from './shared.ts';

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
