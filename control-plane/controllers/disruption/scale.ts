import type { V1Pod } from '#api/generated/types.ts';
import * as kinds from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { qualified } from '#api/status-error.ts';
import type { Informer, InformerFactory } from '#client/informer.ts';
import { servedKinds } from '../kinds.ts';
import { controllerOf, groupOf } from '../shared/owners.ts';

/** How many pods the owners of some pods mean to have, and which of the pods have no owner. */
export interface ExpectedScale {
  readonly count: number;
  readonly unmanaged: readonly Stored<V1Pod>[];
}

/** Throws an Error in words for the budget's status: an owner is gone, or has no number of replicas. */
export type ExpectedScaleOf = (pods: readonly Stored<V1Pod>[]) => ExpectedScale;

type Scalable = KubeObject & { spec?: { replicas?: number | undefined } | undefined };

export function createExpectedScale(
  informers: InformerFactory,
): ExpectedScaleOf & { readonly sources: readonly Informer<Scalable>[] } {
  const caches = {
    Deployment: informers.informer(kinds.deployments),
    ReplicaSet: informers.informer(kinds.replicaSets),
    StatefulSet: informers.informer(kinds.statefulSets),
    ReplicationController: informers.informer(kinds.replicationControllers),
  };
  const groups: Readonly<Record<string, string>> = { ReplicationController: '' };

  /** The owner whose number counts: of a ReplicaSet that belongs to a Deployment it is the Deployment. */
  const ownerOf = (object: Stored<KubeObject>): { uid: string; replicas: number } | undefined => {
    const reference = controllerOf(object);
    if (!reference) return undefined;
    const { kind, name, uid, apiVersion } = reference;
    if (!isScalable(kind) || groupOf(apiVersion) !== (groups[kind] ?? 'apps'))
      throw new Error(unscalable(kind, apiVersion));
    const found: Stored<Scalable> | undefined = caches[kind].get({ namespace: object.metadata.namespace, name });
    if (!found || found.metadata.uid !== uid) return undefined;
    const above = kind === 'ReplicaSet' ? ownerOf(found) : undefined;
    return above ?? { uid, replicas: found.spec?.replicas ?? 1 };
  };

  const expected = (pods: readonly Stored<V1Pod>[]): ExpectedScale => {
    const unmanaged = pods.filter((pod) => !controllerOf(pod));
    const scales = new Map<string, number>();
    for (const pod of pods) {
      if (!controllerOf(pod)) continue;
      const owner = ownerOf(pod);
      if (!owner) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
      scales.set(owner.uid, owner.replicas);
    }
    return { count: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  };
  return Object.assign(expected, { sources: Object.values<Informer<Scalable>>(caches) });
}

const isScalable = (kind: string): kind is 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'ReplicationController' =>
  ['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'].includes(kind);

function unscalable(kind: string, apiVersion: string): string {
  const group = groupOf(apiVersion);
  const type = servedKinds.find((one) => one.kind === kind && one.group === group);
  return `${type ? qualified(type) : `${kind.toLowerCase()}.${group}`} does not implement the scale subresource`;
}
