import type { V1Pod, V1Toleration } from '../generated/types.ts';

/** How long a pod that says nothing of it may stay on a node. */
export interface LostNodeSeconds {
  /** The node's agent says that pods cannot run there. */
  readonly notReady: number;
  /** Nothing is heard of the node. */
  readonly unreachable: number;
}

/** What Kubernetes' DefaultTolerationSeconds adds to a new pod; the pod's own tolerations win. */
export function tolerateLostNodes(pod: V1Pod, seconds: LostNodeSeconds): void {
  const { spec } = pod;
  if (!spec) return;
  for (const [key, tolerationSeconds] of [
    ['node.kubernetes.io/not-ready', seconds.notReady],
    ['node.kubernetes.io/unreachable', seconds.unreachable],
  ] as const) {
    if (spec.tolerations?.some((toleration) => toleratesNoExecute(toleration, key))) continue;
    spec.tolerations = [
      ...(spec.tolerations ?? []),
      { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
    ];
  }
}

/**
 * What Kubernetes' built-in admission adds to a new pod: its priority where no class gives another, and the default service
 * account.
 */
export function admitPod(pod: V1Pod): void {
  const { spec } = pod;
  if (!spec) return;
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
