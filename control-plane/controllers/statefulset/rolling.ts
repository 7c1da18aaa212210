import { type Pod, revisionOf } from './identity.ts';
import type { Limits } from './limits.ts';
import { isRunningAndAvailable, isTerminating } from './pods.ts';

export interface Member {
  readonly ordinal: number;
  readonly pod: Pod;
}

/**
 * Which pods a rollout takes away now, from the highest ordinal down to the partition, so that no more than `maxUnavailable` are
 * missing. In a parallel set, old pods that do not work go first and cost nothing: they are missing already.
 */
export function podsToReplace(
  limits: Limits,
  members: readonly Member[],
  update: string,
  nowMs: number,
): readonly Pod[] {
  const isWell = (pod: Pod): boolean => isRunningAndAvailable(pod, limits.minReadySeconds, nowMs);
  const available = members.filter(({ pod }) => !isTerminating(pod) && isWell(pod)).length;
  const budget = limits.maxUnavailable - (limits.replicas - available);
  const old = members
    .filter(({ ordinal }) => ordinal >= limits.start + limits.partition)
    .map(({ pod }) => pod)
    .filter((pod) => !isTerminating(pod) && revisionOf(pod) !== update)
    .reverse();
  if (limits.ordered) return old.slice(0, Math.max(0, budget));
  const well = old.filter(isWell);
  return [...old.filter((pod) => !isWell(pod)), ...well.slice(0, Math.max(0, budget))];
}
