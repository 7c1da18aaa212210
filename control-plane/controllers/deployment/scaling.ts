import { availableOf, byAge, type Draft, oldestFirst, totalReplicas } from './draft.ts';
import type { RolloutLimits } from './limits.ts';
import { desiredAnnotation, intAnnotation, maxAnnotation } from './revision.ts';

/** `spec.replicas` has changed since the ReplicaSets were last sized for it. */
export const isScaling = (limits: RolloutLimits, drafts: readonly Draft[]): boolean =>
  drafts.some((draft) => {
    const desired = intAnnotation(draft.original.metadata.annotations, desiredAnnotation);
    return draft.replicas > 0 && desired !== undefined && desired !== limits.replicas;
  });

/** Gives the ReplicaSets the sizes that `spec.replicas` asks for, without moving the rollout on. Changes the drafts. */
export function scaleAll(
  limits: RolloutLimits,
  rolling: boolean,
  newest: Draft | undefined,
  old: readonly Draft[],
  statusReplicas: number,
): void {
  const only = activeOrLatest(newest, old);
  if (only) {
    only.replicas = limits.replicas;
    noteSize(only, limits);
    return;
  }
  if (newest && isSaturated(limits, newest)) {
    for (const draft of old) draft.replicas = 0;
    return;
  }
  const all = newest ? [...old, newest] : old;
  if (rolling) scaleInProportion(limits, all, statusReplicas);
  else for (const draft of all) noteSize(draft, limits);
}

/** Writes down which size a ReplicaSet was made for: the base of the next proportional scaling. */
export function noteSize(draft: Draft, limits: RolloutLimits): void {
  draft.annotations[desiredAnnotation] = String(limits.replicas);
  draft.annotations[maxAnnotation] = String(limits.replicas + limits.maxSurge);
}

function activeOrLatest(newest: Draft | undefined, old: readonly Draft[]): Draft | undefined {
  const all = newest ? [newest, ...old] : old;
  const active = all.filter((draft) => draft.replicas > 0);
  if (active.length === 0) return newest ?? old.toSorted(oldestFirst).at(-1);
  return active.length === 1 ? active[0] : undefined;
}

const isSaturated = (limits: RolloutLimits, newest: Draft): boolean =>
  newest.replicas === limits.replicas &&
  intAnnotation(newest.original.metadata.annotations, desiredAnnotation) === limits.replicas &&
  availableOf(newest) === limits.replicas;

/** In the middle of a rollout each ReplicaSet keeps its share, and the largest takes what rounding leaves. */
function scaleInProportion(limits: RolloutLimits, all: readonly Draft[], statusReplicas: number): void {
  const active = all.filter((draft) => draft.replicas > 0);
  const allowed = limits.replicas > 0 ? limits.replicas + limits.maxSurge : 0;
  const toAdd = allowed - totalReplicas(active);
  // Growing, the newest of equals gets more; shrinking, the oldest of equals loses more.
  const order = active.toSorted((a, b) => {
    const age = byAge(a.original, b.original);
    return b.replicas - a.replicas || (toAdd > 0 ? -age : age);
  });
  let added = 0;
  const sizes = order.map((draft) => {
    const change = toAdd === 0 ? 0 : share(limits, draft, toAdd, toAdd - added, statusReplicas);
    added += change;
    return draft.replicas + change;
  });
  order.forEach((draft, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    draft.replicas = Math.max(0, (sizes[index] ?? 0) + leftover);
    noteSize(draft, limits);
  });
}

function share(limits: RolloutLimits, draft: Draft, toAdd: number, remaining: number, statusReplicas: number): number {
  if (remaining === 0) return 0;
  const wanted = wantedChange(limits, draft, statusReplicas);
  return toAdd > 0 ? Math.min(wanted, remaining) : Math.max(wanted, remaining);
}

function wantedChange(limits: RolloutLimits, draft: Draft, statusReplicas: number): number {
  if (limits.replicas === 0) return -draft.replicas;
  const before = intAnnotation(draft.original.metadata.annotations, maxAnnotation) || statusReplicas;
  if (before === 0) return 0;
  return Math.round((draft.replicas * (limits.replicas + limits.maxSurge)) / before) - draft.replicas;
}
