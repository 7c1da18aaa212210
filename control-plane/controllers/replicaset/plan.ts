import type { V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodActive } from '../shared/pods.ts';
import { deletionOrder } from './ranking.ts';

/** Pods made or removed in one pass; the rest comes in the next. */
export const burstMax = 500;

export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly Stored<V1Pod>[];
}

/**
 * How the pods differ from `spec.replicas`. `owned` are the ReplicaSet's pods; `related` those of all ReplicaSets of the same
 * owner, by which doubling on a node is judged.
 */
export function planReplicas(
  replicaSet: Stored<V1ReplicaSet>,
  owned: readonly Stored<V1Pod>[],
  related: readonly Stored<V1Pod>[],
  nowMs: number,
): ReplicaPlan {
  if (replicaSet.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] };
  const active = owned.filter(isPodActive);
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: Math.min(missing, burstMax), remove: [] };
  const perNode = countPerNode(related.filter(isPodActive));
  const ranked = active
    .map((pod) => ({ pod, onSameNode: perNode.get(pod.spec?.nodeName ?? '') ?? 0 }))
    .sort(deletionOrder(nowMs));
  return { create: 0, remove: ranked.slice(0, Math.min(-missing, burstMax)).map(({ pod }) => pod) };
}

function countPerNode(pods: readonly V1Pod[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { spec } of pods) {
    if (spec?.nodeName !== undefined) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  }
  return counts;
}
