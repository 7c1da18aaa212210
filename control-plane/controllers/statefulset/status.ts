import type { V1StatefulSetStatus } from '#api/generated/types.ts';
import { podAvailableAtMs } from '../shared/pods.ts';
import { type Pod, revisionOf, type StatefulSet } from './identity.ts';
import type { Limits } from './limits.ts';
import { isRunningAndAvailable, isRunningAndReady, isTerminating } from './pods.ts';

/** The names of the revision that pods come from and of the one they go to. */
export interface Revisions {
  readonly current: string;
  readonly update: string;
}

/** `leaving` are pods of the current revision that this pass removes for the new one. */
export function statefulSetStatus(
  set: StatefulSet,
  limits: Limits,
  pods: readonly Pod[],
  leaving: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): V1StatefulSetStatus {
  const count = (test: (pod: Pod) => boolean): number => pods.filter(test).length;
  const ofRevision = (revision: string) => (pod: Pod) => !isTerminating(pod) && revisionOf(pod) === revision;
  const ready = count(isRunningAndReady);
  const updated = count(ofRevision(revisions.update));
  const counts = {
    replicas: pods.length,
    readyReplicas: ready,
    currentReplicas: count(ofRevision(revisions.current)) - leaving.filter(ofRevision(revisions.current)).length,
    updatedReplicas: updated,
    availableReplicas: count((pod) => isRunningAndAvailable(pod, limits.minReadySeconds, nowMs)),
  };
  const { replicas } = limits;
  const complete = limits.rolling && updated === replicas && ready === replicas && pods.length === replicas;
  const { conditions } = set.status ?? {};
  return {
    observedGeneration: set.metadata.generation,
    replicas: counts.replicas,
    ...positive('readyReplicas', counts.readyReplicas),
    ...positive('currentReplicas', complete ? counts.updatedReplicas : counts.currentReplicas),
    ...positive('updatedReplicas', counts.updatedReplicas),
    currentRevision: complete ? revisions.update : revisions.current,
    updateRevision: revisions.update,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(conditions && { conditions }),
    availableReplicas: counts.availableReplicas,
  };
}

/** Counts of zero are left out, as Kubernetes does. */
const positive = (name: string, value: number): Record<string, number> => (value > 0 ? { [name]: value } : {});

/** When the next ready pod becomes available by itself, in milliseconds from now. */
export function availabilityInMs(pods: readonly Pod[], limits: Limits, nowMs: number): number | undefined {
  const waits = pods
    .filter(isRunningAndReady)
    .map((pod) => (podAvailableAtMs(pod, limits.minReadySeconds) ?? nowMs) - nowMs)
    .filter((ms) => ms > 0);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
