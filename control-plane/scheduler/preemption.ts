import { fits } from './plan.ts';
import type { ClusterState } from './state.ts';
import type { NodeView, PodInfo, Refusal } from './types.ts';

/** Pods of lower priority that must go so that a pod fits on the node. */
export interface Preemption {
  readonly node: string;
  readonly victims: readonly PodInfo[];
}

/**
 * Finds the node where making room hurts least: by the highest priority among the victims, then the sum of their
 * priorities, then their number. Tries on the state itself, and leaves it as it was.
 */
export function planPreemption(
  state: ClusterState,
  pod: PodInfo,
  refusals: ReadonlyMap<string, Refusal>,
): Preemption | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return undefined;
  let best: Preemption | undefined;
  for (const node of state.snapshot.nodes) {
    if (refusals.get(node.name)?.kind !== 'unschedulable') continue;
    const victims = victimsOn(state, pod, node);
    if (victims.length > 0 && (!best || hurtsLess(victims, best.victims))) best = { node: node.name, victims };
  }
  return best;
}

/** The fewest pods, lowest first, without which the pod fits; none when it would not fit even without all of them. */
function victimsOn(state: ClusterState, pod: PodInfo, node: NodeView): PodInfo[] {
  const lower = node.pods
    .values()
    .filter((one) => one.priority < pod.priority)
    .toArray();
  if (lower.length === 0) return [];
  lower.sort((a, b) => b.priority - a.priority || createdBefore(a, b));
  for (const one of lower) state.remove(one.uid);
  const possible = fits(state.snapshot, pod, node);
  const victims: PodInfo[] = [];
  for (const one of lower) {
    state.place(one, node.name);
    if (!possible || fits(state.snapshot, pod, node)) continue;
    state.remove(one.uid);
    victims.push(one);
  }
  for (const one of victims) state.place(one, node.name);
  return victims;
}

/** The older pod is spared first. */
function createdBefore(a: PodInfo, b: PodInfo): number {
  const [first, second] = [a.pod.metadata.creationTimestamp, b.pod.metadata.creationTimestamp];
  return first < second ? -1 : first > second ? 1 : 0;
}

function hurtsLess(victims: readonly PodInfo[], than: readonly PodInfo[]): boolean {
  const [highest, otherHighest] = [highestPriority(victims), highestPriority(than)];
  if (highest !== otherHighest) return highest < otherHighest;
  const [sum, otherSum] = [prioritySum(victims), prioritySum(than)];
  return sum !== otherSum ? sum < otherSum : victims.length < than.length;
}

const highestPriority = (pods: readonly PodInfo[]): number => Math.max(...pods.map((pod) => pod.priority));

/** Shifted, so that two pods of negative priority do not weigh less than one. */
const prioritySum = (pods: readonly PodInfo[]): number => pods.reduce((sum, pod) => sum + pod.priority + 2 ** 31, 0);
