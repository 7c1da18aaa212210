import type { V1OwnerReference, V1PersistentVolumeClaim } from '#api/generated/types.ts';
import { pods, statefulSets } from '#api/kinds.ts';
import { controllerRef } from '../shared/owners.ts';
import { type Claim, claimName, type Pod, type StatefulSet } from './identity.ts';

/** The claim of an ordinal as the set's template wants it. */
export function newClaim(
  set: StatefulSet,
  template: V1PersistentVolumeClaim,
  ordinal: number,
): V1PersistentVolumeClaim {
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...labels, ...set.spec?.selector.matchLabels },
      ...(annotations && { annotations }),
      ...(policyOf(set).whenDeleted === 'Delete' && { ownerReferences: [controllerRef(statefulSets, set)] }),
    },
    ...(template.spec && { spec: template.spec }),
  };
}

interface RetentionPolicy {
  readonly whenDeleted: string;
  readonly whenScaled: string;
}

const policyOf = (set: StatefulSet): RetentionPolicy => ({
  whenDeleted: set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? 'Retain',
  whenScaled: set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain',
});

/** Who besides the set and the pod says that it manages the claim: then the retention policy cannot be followed. */
export const strangerOf = (claim: Claim, set: StatefulSet, pod: Pod): V1OwnerReference | undefined =>
  claim.metadata.ownerReferences?.find((owner) => owner.controller === true && !isOurs(owner, set, pod));

const isOurs = (owner: V1OwnerReference, set: StatefulSet, pod: Pod): boolean =>
  (owner.kind === 'StatefulSet' && owner.name === set.metadata.name) ||
  (owner.kind === 'Pod' && owner.name === pod.metadata.name);

/**
 * The claim with the owners that the retention policy asks for, undefined when it has them. What its pod owns goes with the pod
 * (scaled down), what the set owns goes with the set.
 */
export function retainedClaim(claim: Claim, set: StatefulSet, pod: Pod, condemned: boolean): Claim | undefined {
  const { whenDeleted, whenScaled } = policyOf(set);
  const current = claim.metadata.ownerReferences ?? [];
  const wanted = current.filter((owner) => !isOurs(owner, set, pod));
  if (!strangerOf(claim, set, pod)) {
    if (condemned && whenScaled === 'Delete') wanted.push(controllerRef(pods, pod));
    else if (whenDeleted === 'Delete') wanted.push(controllerRef(statefulSets, set));
  }
  const text = (owners: readonly V1OwnerReference[]): string =>
    JSON.stringify(owners.map(({ uid, controller }) => [uid, controller === true]));
  if (text(current) === text(wanted)) return undefined;
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: wanted } };
}

/** Left from a pod of this ordinal that was scaled away: it is about to go, and the next pod must not start on it. */
export function isStale(claim: Claim, set: StatefulSet, ordinal: number): boolean {
  if (policyOf(set).whenScaled === 'Retain') return false;
  const name = `${set.metadata.name}-${ordinal}`;
  return (claim.metadata.ownerReferences ?? []).some((owner) => owner.kind === 'Pod' && owner.name === name);
}
