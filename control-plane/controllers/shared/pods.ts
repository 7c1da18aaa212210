import type { V1Pod, V1PodCondition } from '#api/generated/types.ts';
import { parseTime } from './time.ts';

export const isPodTerminal = (pod: V1Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts towards the replicas of its controller. */
export const isPodActive = (pod: V1Pod): boolean =>
  !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;

export const podCondition = (pod: V1Pod, type: string): V1PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type);

export const isPodReady = (pod: V1Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';

/**
 * When a ready pod becomes available: milliseconds since the epoch; undefined when it is not ready.
 * With `minReadySeconds` of 0 that is always in the past.
 */
export function podAvailableAtMs(pod: V1Pod, minReadySeconds: number): number | undefined {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds <= 0) return Number.NEGATIVE_INFINITY;
  const since = parseTime(ready.lastTransitionTime);
  return since === undefined ? undefined : since + minReadySeconds * 1000;
}

export function isPodAvailable(pod: V1Pod, minReadySeconds: number, nowMs: number): boolean {
  const at = podAvailableAtMs(pod, minReadySeconds);
  return at !== undefined && at <= nowMs;
}
