import type { PodInfo, Refusal } from './types.ts';

/** Why no node will do, counted over the nodes, in the words and order of kube-scheduler. */
export function explain(nodeCount: number, refusals: ReadonlyMap<string, Refusal>): string {
  const reasons = histogram([...refusals.values()].flatMap((refusal) => refusal.reasons));
  return `0/${nodeCount} nodes are available: ${reasons}.`;
}

/** Why ending other pods does not help. */
export function explainNoPreemption(
  pod: PodInfo,
  nodeCount: number,
  refusals: ReadonlyMap<string, Refusal>,
  awaitsVictims: boolean,
): string {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'preemption: not eligible due to preemptionPolicy=Never.';
  if (awaitsVictims) return 'preemption: not eligible due to a terminating pod on the nominated node.';
  const reasons = [...refusals.values()].map(({ kind }) =>
    kind === 'unresolvable'
      ? 'Preemption is not helpful for scheduling'
      : 'No preemption victims found for incoming pod',
  );
  return `preemption: 0/${nodeCount} nodes are available: ${histogram(reasons)}.`;
}

/** `1 Too many pods, 2 Insufficient cpu`, sorted as texts, counts included. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .join(', ');
}
