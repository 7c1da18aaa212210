import type { V1DaemonSetStatus } from '#api/generated/types.ts';
import { isPodAvailable, isPodReady, podAvailableAtMs } from '../shared/pods.ts';
import type { Limits } from './limits.ts';
import type { Place } from './places.ts';
import { type DaemonSet, hashOf, type Pod } from './pod.ts';

/** Of each node the oldest pod is counted. */
export function daemonSetStatus(
  set: DaemonSet,
  places: readonly Place[],
  limits: Limits,
  hash: string,
  nowMs: number,
): V1DaemonSetStatus {
  const wanted = places.filter(({ eligible }) => eligible.run);
  const counted = wanted.flatMap(({ pods }) => pods[0] ?? []);
  const count = (test: (pod: Pod) => boolean): number => counted.filter(test).length;
  const available = count((pod) => isPodAvailable(pod, limits.minReadySeconds, nowMs));
  const { collisionCount, conditions } = set.status ?? {};
  return {
    currentNumberScheduled: counted.length,
    numberMisscheduled: places.filter(({ eligible, pods }) => !eligible.run && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: count(isPodReady),
    observedGeneration: set.metadata.generation,
    ...positive(
      'updatedNumberScheduled',
      count((pod) => hashOf(pod) === hash),
    ),
    ...positive('numberAvailable', available),
    ...positive('numberUnavailable', wanted.length - available),
    ...(collisionCount !== undefined && { collisionCount }),
    ...(conditions && { conditions }),
  };
}

/** Counts of zero are left out, as Kubernetes does. */
const positive = (name: string, value: number): Record<string, number> => (value > 0 ? { [name]: value } : {});

/** When the next ready pod becomes available by itself, in milliseconds from now. */
export function availabilityInMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  const waits = pods.map((pod) => (podAvailableAtMs(pod, minReadySeconds) ?? nowMs) - nowMs).filter((ms) => ms > 0);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
