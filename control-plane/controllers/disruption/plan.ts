import type { V1Condition, V1Pod, V1PodDisruptionBudget, V1PodDisruptionBudgetStatus } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { messageOf } from '#base/error-message.ts';
import { findCondition } from '../shared/conditions.ts';
import { resolveIntOrPercent } from '../shared/percent.ts';
import { isPodReady } from '../shared/pods.ts';
import { formatTime, parseTime } from '../shared/time.ts';
import type { ExpectedScaleOf } from './scale.ts';

export type Budget = Stored<V1PodDisruptionBudget>;
type Pod = Stored<V1Pod>;

/** For how long a pod whose eviction was granted is expected to go; after that it counts again. */
const deletionMs = 2 * 60_000;

const condition = 'DisruptionAllowed';

export interface BudgetPlan {
  readonly status: V1PodDisruptionBudgetStatus;
  /** The number of pods could not be worked out: nothing may be disrupted. */
  readonly error?: string;
  readonly unmanaged: readonly Pod[];
  /** Eviction was granted, but they are still there. */
  readonly notDeleted: readonly Pod[];
  /** When a granted eviction is no longer waited for. */
  readonly againInMs?: number;
}

/** What a budget allows now. `pods` are those that it selects. Pure. */
export function planBudget(
  budget: Budget,
  pods: readonly Pod[],
  expectedScale: ExpectedScaleOf,
  nowMs: number,
): BudgetPlan {
  const { expectedPods, desiredHealthy, unmanaged, error } = wanted(budget, pods, expectedScale);
  if (error !== undefined) return { status: failed(budget, error, nowMs), error, unmanaged: [], notDeleted: [] };
  const granted = grantedOf(budget, pods);
  const awaited = granted.filter(({ untilMs }) => untilMs >= nowMs);
  const names = new Set(awaited.map(({ pod }) => pod.metadata.name));
  const healthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod) && !names.has(pod.metadata.name),
  );
  const spare = healthy.length - desiredHealthy;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, spare);
  const status = {
    ...(awaited.length > 0 && {
      disruptedPods: Object.fromEntries(awaited.map(({ pod, since }) => [pod.metadata.name, since])),
    }),
    disruptionsAllowed,
    currentHealthy: healthy.length,
    desiredHealthy,
    expectedPods,
    observedGeneration: budget.metadata.generation,
    conditions: withAllowed(
      budget,
      disruptionsAllowed > 0 ? ['True', 'SufficientPods', ''] : ['False', 'InsufficientPods', ''],
      nowMs,
    ),
  };
  const notDeleted = granted.filter(({ untilMs }) => untilMs < nowMs).map(({ pod }) => pod);
  const next = Math.min(...awaited.map(({ untilMs }) => untilMs)) + 1;
  return { status, unmanaged, notDeleted, ...(Number.isFinite(next) && { againInMs: next - nowMs }) };
}

interface Wanted {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly unmanaged: readonly Pod[];
  readonly error?: string;
}

/** A number of pods says all by itself; shares, and what may be missing, need to know how many there should be. */
function wanted({ spec }: Budget, pods: readonly Pod[], expectedScale: ExpectedScaleOf): Wanted {
  const { minAvailable, maxUnavailable } = spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable !== 'string') {
    return {
      expectedPods: minAvailable === undefined ? 0 : pods.length,
      desiredHealthy: minAvailable ?? 0,
      unmanaged: [],
    };
  }
  try {
    const { count, unmanaged } = expectedScale(pods);
    const desiredHealthy =
      maxUnavailable !== undefined
        ? Math.max(0, count - resolveIntOrPercent(maxUnavailable, count, 'up'))
        : resolveIntOrPercent(minAvailable, count, 'up');
    return { expectedPods: count, desiredHealthy, unmanaged };
  } catch (error) {
    return { expectedPods: 0, desiredHealthy: 0, unmanaged: [], error: messageOf(error) };
  }
}

interface Granted {
  readonly pod: Pod;
  readonly since: string;
  readonly untilMs: number;
}

/** Pods whose eviction was granted and that do not go yet, as far as is seen here. */
const grantedOf = ({ status }: Budget, pods: readonly Pod[]): readonly Granted[] =>
  pods.flatMap((pod) => {
    const since = status?.disruptedPods?.[pod.metadata.name];
    const sinceMs = parseTime(since);
    if (pod.metadata.deletionTimestamp !== undefined || since === undefined || sinceMs === undefined) return [];
    return [{ pod, since, untilMs: sinceMs + deletionMs }];
  });

function failed(budget: Budget, error: string, nowMs: number): V1PodDisruptionBudgetStatus {
  return {
    ...budget.status,
    disruptionsAllowed: 0,
    observedGeneration: budget.metadata.generation,
    conditions: withAllowed(budget, ['False', 'SyncFailed', error], nowMs),
  };
}

function withAllowed(
  { status, metadata }: Budget,
  [allowed, reason, message]: readonly [string, string, string],
  nowMs: number,
): V1Condition[] {
  const conditions = status?.conditions ?? [];
  const current = findCondition(conditions, condition);
  const next: V1Condition = {
    type: condition,
    status: allowed,
    observedGeneration: metadata.generation,
    lastTransitionTime: current?.status === allowed ? current.lastTransitionTime : formatTime(nowMs),
    reason,
    message,
  };
  return current ? conditions.map((one) => (one === current ? next : one)) : [...conditions, next];
}
