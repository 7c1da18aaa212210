import type { NodeView, Plugin, PodInfo, Refusal } from '../types.ts';

/** Requests must fit in what the node has left; the emptier node is preferred. */
export const resourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  wakes: ['node-added', 'node-allocatable', 'pod-removed'],
  weight: 1,
  prepare: (pod) => ({
    check: (node) => refusalOf(pod, node),
    score: (nodes) =>
      nodes.map((node) => {
        const { cpu, memory } = usedShares(pod, node);
        return Math.floor(((1 - cpu) * 100 + (1 - memory) * 100) / 2);
      }),
  }),
};

/** Prefers the node whose CPU and memory would be used evenly. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  wakes: [],
  weight: 1,
  prepare: (pod) => ({
    score: (nodes) =>
      nodes.map((node) => {
        const { cpu, memory } = usedShares(pod, node);
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
      }),
  }),
};

function refusalOf(pod: PodInfo, node: NodeView): Refusal | undefined {
  const reasons: string[] = [];
  const { requests } = pod;
  const { allocatable, requested } = node;
  let hopeless = false;
  const need = (name: string, wanted: number, total: number, used: number): void => {
    if (wanted === 0 || wanted <= total - used) return;
    reasons.push(`Insufficient ${name}`);
    hopeless ||= wanted > total;
  };
  if (node.pods.size + 1 > allocatable.pods) reasons.push('Too many pods');
  need('cpu', requests.cpu, allocatable.cpu, requested.cpu);
  need('memory', requests.memory, allocatable.memory, requested.memory);
  need('ephemeral-storage', requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  for (const [name, wanted] of requests.extended) {
    need(name, wanted, allocatable.extended.get(name) ?? 0, requested.extended.get(name) ?? 0);
  }
  if (reasons.length === 0) return undefined;
  return { plugin: 'NodeResourcesFit', kind: hopeless ? 'unresolvable' : 'unschedulable', reasons };
}

/** The shares of the node that would be in use with the pod on it, 0 to 1. */
function usedShares(pod: PodInfo, node: NodeView): { cpu: number; memory: number } {
  const share = (wanted: number, used: number, total: number): number =>
    total === 0 ? 1 : Math.min(1, (wanted + used) / total);
  return {
    cpu: share(pod.scoreRequests.cpu, node.scoreRequested.cpu, node.allocatable.cpu),
    memory: share(pod.scoreRequests.memory, node.scoreRequested.memory, node.allocatable.memory),
  };
}
