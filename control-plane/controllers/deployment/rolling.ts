import { availableOf, type Draft, isUnsettled, oldestFirst, sum, totalReplicas } from './draft.ts';
import type { RolloutLimits } from './limits.ts';

/**
 * How many replicas the new ReplicaSet may have now, given all that exist (the new one among them, if it exists). Pods that
 * an old one is yet to remove still count, so that at no moment there are more than the surge allows.
 */
export function newReplicasAllowed(limits: RolloutLimits, all: readonly Draft[], current: number): number {
  if (current > limits.replicas) return limits.replicas;
  const room = limits.replicas + limits.maxSurge - sum(all, podsOf);
  if (room <= 0) return current;
  return current + Math.min(room, limits.replicas - current);
}

const podsOf = ({ replicas, original }: Draft): number => Math.max(replicas, original.status?.replicas ?? 0);

/**
 * One step of a rolling update: either the new ReplicaSet grows (or shrinks to size), or old ones shrink, never both, so that
 * each step sees the result of the one before; and none while that result is not known. Changes the drafts.
 */
export function rollOneStep(limits: RolloutLimits, newest: Draft, old: readonly Draft[]): void {
  const all = [...old, newest];
  if (all.some(isUnsettled)) return;
  const wanted = newReplicasAllowed(limits, all, newest.replicas);
  if (wanted !== newest.replicas) {
    newest.replicas = wanted;
    return;
  }
  shrinkOld(limits, newest, old);
}

function shrinkOld(limits: RolloutLimits, newest: Draft, old: readonly Draft[]): void {
  const all = [...old, newest];
  const minAvailable = limits.replicas - limits.maxUnavailable;
  const newUnavailable = newest.replicas - availableOf(newest);
  // Pods of the new ReplicaSet that are not up yet must not count as a reason to stop old ones.
  const removable = totalReplicas(all) - minAvailable - newUnavailable;
  if (removable <= 0) return;
  const oldest = old.toSorted(oldestFirst);
  // What does not work goes first: otherwise a rollout on top of a broken one would wait for pods that never come up.
  let cleaned = 0;
  for (const draft of oldest) {
    const broken = draft.replicas - availableOf(draft);
    const count = Math.min(removable - cleaned, broken);
    if (count <= 0) continue;
    draft.replicas -= count;
    cleaned += count;
  }
  let spare = sum(all, availableOf) - minAvailable;
  for (const draft of oldest) {
    if (spare <= 0) return;
    const count = Math.min(draft.replicas, spare);
    draft.replicas -= count;
    spare -= count;
  }
}
