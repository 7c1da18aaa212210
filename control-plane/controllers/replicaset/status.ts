import type { V1Pod, V1ReplicaSet, V1ReplicaSetCondition, V1ReplicaSetStatus } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { findCondition, withCondition, withoutCondition } from '../shared/conditions.ts';
import { isPodActive, isPodAvailable, isPodReady, podAvailableAtMs } from '../shared/pods.ts';

export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export function replicaSetStatus(
  replicaSet: Stored<V1ReplicaSet>,
  owned: readonly V1Pod[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): V1ReplicaSetStatus {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const templateLabels = Object.entries(replicaSet.spec?.template?.metadata?.labels ?? {});
  const active = owned.filter(isPodActive);
  const count = (test: (pod: V1Pod) => boolean): number | undefined => active.filter(test).length || undefined;
  const conditions = withFailure(replicaSet.status?.conditions ?? [], failure, nowMs);
  return {
    replicas: active.length,
    fullyLabeledReplicas: count((pod) =>
      templateLabels.every(([name, value]) => pod.metadata?.labels?.[name] === value),
    ),
    readyReplicas: count(isPodReady),
    availableReplicas: count((pod) => isPodAvailable(pod, minReadySeconds, nowMs)),
    observedGeneration: replicaSet.metadata.generation,
    ...(conditions.length > 0 && { conditions: [...conditions] }),
  };
}

/**
 * The first failure stays as it is until one attempt succeeds. Each attempt names another pod in its message; writing that down
 * would wake the controller by its own hand, again and again.
 */
function withFailure(
  conditions: readonly V1ReplicaSetCondition[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): readonly V1ReplicaSetCondition[] {
  if (!failure) return withoutCondition(conditions, 'ReplicaFailure');
  if (findCondition(conditions, 'ReplicaFailure')?.reason === failure.reason) return conditions;
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', ...failure }, nowMs);
}

/** When the next ready pod becomes available by itself, in milliseconds from now. */
export function availabilityInMs(
  replicaSet: Stored<V1ReplicaSet>,
  owned: readonly V1Pod[],
  nowMs: number,
): number | undefined {
  const minReadySeconds = replicaSet.spec?.minReadySeconds ?? 0;
  const waits = owned
    .filter(isPodActive)
    .map((pod) => podAvailableAtMs(pod, minReadySeconds))
    .filter((at) => at !== undefined && at > nowMs)
    .map((at) => (at ?? nowMs) - nowMs);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
