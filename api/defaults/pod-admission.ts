import type { V1Pod, V1Toleration } from '../generated/types.ts';

const tolerationSeconds = 300;

/**
 * What Kubernetes' built-in admission adds to a new pod: how long it may stay on a node that is not ready or cannot be
 * reached (DefaultTolerationSeconds), its priority where no class gives another, and the default service account.
 */
export function admitPod(pod: V1Pod): void {
  const { spec } = pod;
  if (!spec) return;
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (spec.tolerations?.some((toleration) => toleratesNoExecute(toleration, key))) continue;
    spec.tolerations = [
      ...(spec.tolerations ?? []),
      { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
    ];
  }
  if (!spec.priorityClassName) spec.priority ??= 0;
  const system: Record<string, number> = {
    'system-cluster-critical': 2_000_000_000,
    'system-node-critical': 2_000_001_000,
  };
  const priority = system[spec.priorityClassName ?? ''];
  if (priority !== undefined) spec.priority = priority;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount ||= spec.serviceAccountName;
}

const toleratesNoExecute = (toleration: V1Toleration, key: string): boolean =>
  (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute');
