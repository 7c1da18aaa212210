import type { V1Pod, V1Taint, V1Toleration } from '#api/generated/types.ts';
import { parseTime } from '../shared/time.ts';

/** An empty key with Exists tolerates every taint, an empty effect every effect. */
export function tolerates(toleration: V1Toleration, taint: V1Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/**
 * When the taints of its node send the pod away, in milliseconds since the epoch; undefined: never. The time that is tolerated
 * counts from when the taint was added.
 */
export function evictionAtMs(pod: V1Pod, taints: readonly V1Taint[], nowMs: number): number | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  let earliest: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const at = leavesAtMs(taint, tolerations, nowMs);
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
  }
  return earliest;
}

function leavesAtMs(taint: V1Taint, tolerations: readonly V1Toleration[], nowMs: number): number | undefined {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return nowMs;
  const limits = matching.flatMap(({ tolerationSeconds }) =>
    tolerationSeconds === undefined ? [] : [tolerationSeconds],
  );
  if (limits.length === 0) return undefined;
  return (parseTime(taint.timeAdded) ?? nowMs) + Math.max(0, Math.min(...limits)) * 1000;
}
