import type { NodeView, PodInfo, Refusal } from './types.ts';

/** Why no node will do, counted over the nodes, in the words and order of kube-scheduler. */
export function explain(pod: PodInfo, nodes: readonly NodeView[], refusals: ReadonlyMap<string, Refusal>): string {
  const reasons = histogram([...refusals.values()].flatMap((refusal) => refusal.reasons));
  return `0/${nodes.length} nodes are available: ${reasons}. ${explainPreemption(pod, nodes, refusals)}`;
}

function explainPreemption(pod: PodInfo, nodes: readonly NodeView[], refusals: ReadonlyMap<string, Refusal>): string {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'preemption: not eligible due to preemptionPolicy=Never.';
  // Kubernetes would end such pods to make room. This scheduler does not do that yet, and must not claim there are none.
  const victims = nodes.some(
    (node) => refusals.get(node.name)?.kind === 'unschedulable' && hasPodBelow(node, pod.priority),
  );
  if (victims) return 'preemption: not supported yet.';
  const reasons = [...refusals.values()].map(({ kind }) =>
    kind === 'unresolvable'
      ? 'Preemption is not helpful for scheduling'
      : 'No preemption victims found for incoming pod',
  );
  return `preemption: 0/${nodes.length} nodes are available: ${histogram(reasons)}.`;
}

const hasPodBelow = (node: NodeView, priority: number): boolean =>
  priority > 0 && node.pods.values().some((one) => one.priority < priority);

/** `1 Too many pods, 2 Insufficient cpu`, sorted as texts, counts included. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .join(', ');
}
