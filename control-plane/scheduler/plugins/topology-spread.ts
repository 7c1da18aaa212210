import { matchesLabels } from '#api/selectors/labels.ts';
import { untolerated } from '#api/selectors/taints.ts';
import { matchesRequiredNodes } from '../node-selectors.ts';
import type { NodeView, Plugin, PodInfo, PreparedPlugin, Refusal, Snapshot, SpreadConstraint } from '../types.ts';

const name = 'PodTopologySpread';
const skewed: Refusal = {
  plugin: name,
  kind: 'unschedulable',
  reasons: ["node(s) didn't match pod topology spread constraints"],
};
const unlabelled: Refusal = {
  plugin: name,
  kind: 'unresolvable',
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
};

/** topologySpreadConstraints: refuses what would skew more than a hard constraint allows, and prefers what skews least. */
export const topologySpread: Plugin = {
  name,
  wakes: ['node-added', 'node-removed', 'node-labels', 'node-taints', 'pod-placed', 'pod-removed', 'pod-labels'],
  weight: 2,
  prepare(pod, snapshot) {
    const hard = pod.spread.filter((constraint) => constraint.hard);
    const soft = pod.spread.filter((constraint) => !constraint.hard);
    if (pod.spread.length === 0) return undefined;
    return {
      ...(hard.length > 0 && { check: checkOf(pod, snapshot, hard) }),
      ...(soft.length > 0 && { score: scoreOf(pod, snapshot, soft) }),
    };
  },
};

/** Pods that the constraint counts, per value of its topology label, over the nodes that count for it. */
function domainsOf(
  pod: PodInfo,
  snapshot: Snapshot,
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
): Map<string, number> {
  const counts = snapshot.countPods(pod.namespace, constraint.selector, false);
  const domains = new Map<string, number>();
  for (const node of snapshot.nodes) {
    const domain = node.labels[constraint.topologyKey];
    if (domain === undefined || !all.every((one) => node.labels[one.topologyKey] !== undefined)) continue;
    if (constraint.honorAffinity && !matchesRequiredNodes(pod, node)) continue;
    if (constraint.honorTaints && untolerated(node.taints, pod.tolerations)) continue;
    domains.set(domain, (domains.get(domain) ?? 0) + (counts.get(node.name) ?? 0));
  }
  return domains;
}

function checkOf(
  pod: PodInfo,
  snapshot: Snapshot,
  hard: readonly SpreadConstraint[],
): NonNullable<PreparedPlugin['check']> {
  const rules = hard.map((constraint) => {
    const domains = domainsOf(pod, snapshot, constraint, hard);
    const lowest = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
    const self = matchesLabels(constraint.selector, pod.labels) ? 1 : 0;
    return { constraint, domains, mostAllowed: lowest + constraint.maxSkew - self };
  });
  return (node) => {
    for (const { constraint, domains, mostAllowed } of rules) {
      const domain = node.labels[constraint.topologyKey];
      if (domain === undefined) return unlabelled;
      if ((domains.get(domain) ?? 0) > mostAllowed) return skewed;
    }
    return undefined;
  };
}

const hostLabel = 'kubernetes.io/hostname';

/** The fewest matching pods in its domains, weighed, make the best node; a node without all the labels is the worst. */
function scoreOf(
  pod: PodInfo,
  snapshot: Snapshot,
  soft: readonly SpreadConstraint[],
): NonNullable<PreparedPlugin['score']> {
  const isLabelled = (node: NodeView): boolean =>
    soft.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
  return (nodes) => {
    const labelled = nodes.filter(isLabelled);
    const rules = soft.map((constraint) => {
      const { topologyKey } = constraint;
      const size = topologyKey === hostLabel ? labelled.length : distinct(labelled, topologyKey);
      // Many small domains must not drown few large ones.
      return { constraint, domains: domainsOf(pod, snapshot, constraint, soft), weight: Math.log(size + 2) };
    });
    const costOf = (node: NodeView): number => {
      const costs = rules.map(({ constraint, domains, weight }) => {
        const count = domains.get(node.labels[constraint.topologyKey] ?? '') ?? 0;
        return count * weight + (constraint.maxSkew - 1);
      });
      return Math.round(costs.reduce((sum, cost) => sum + cost, 0));
    };
    const costs = labelled.map(costOf);
    const [lowest, highest] = [Math.min(...costs), Math.max(...costs)];
    return nodes.map((node) => {
      if (!isLabelled(node)) return 0;
      return highest === 0 ? 100 : Math.floor((100 * (highest + lowest - costOf(node))) / highest);
    });
  };
}

const distinct = (nodes: readonly NodeView[], label: string): number =>
  new Set(nodes.map((node) => node.labels[label])).size;
