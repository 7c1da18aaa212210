import { termMatches, termNamespaces } from '../pod-terms.ts';
import { normalizeRange } from '../scores.ts';
import type { NodeView, Plugin, PodInfo, PodTerm, PreparedPlugin, Refusal, Snapshot } from '../types.ts';

const name = 'InterPodAffinity';
const refusal = (kind: Refusal['kind'], reason: string): Refusal => ({ plugin: name, kind, reasons: [reason] });
const notNear = refusal('unresolvable', "node(s) didn't match pod affinity rules");
const tooNear = refusal('unschedulable', "node(s) didn't match pod anti-affinity rules");
const unwelcome = refusal('unschedulable', "node(s) didn't satisfy existing pods anti-affinity rules");

/** Required and preferred affinity to other pods, and the required anti-affinity of the pods that are there already. */
export const interPodAffinity: Plugin = {
  name,
  wakes: ['node-added', 'node-labels', 'pod-placed', 'pod-removed', 'pod-labels', 'namespace'],
  weight: 2,
  prepare(pod, snapshot) {
    const checks = [near(pod, snapshot), far(pod, snapshot), welcome(pod, snapshot)].filter((one) => one !== undefined);
    if (checks.length === 0 && pod.preferredPods.length === 0) return undefined;
    return {
      ...(checks.length > 0 && {
        check(node) {
          for (const check of checks) {
            const refused = check(node);
            if (refused) return refused;
          }
          return undefined;
        },
      }),
      ...(pod.preferredPods.length > 0 && { score: scoreOf(pod, snapshot) }),
    };
  },
};

type Check = NonNullable<PreparedPlugin['check']>;
type Counts = ReadonlyMap<string, number>;

interface Rule {
  readonly topologyKey: string;
  readonly domains: Counts;
}

/** Pods in the domain of the node; a node without the label is in none. */
function countAt({ topologyKey, domains }: Rule, node: NodeView): number {
  const domain = node.labels[topologyKey];
  return domain === undefined ? 0 : (domains.get(domain) ?? 0);
}

/** Counts per node → counts per value of the topology label. */
function perDomain(snapshot: Snapshot, topologyKey: string, counts: readonly Counts[]): Map<string, number> {
  const domains = new Map<string, number>();
  for (const node of snapshot.nodes) {
    const domain = node.labels[topologyKey];
    if (domain === undefined) continue;
    for (const one of counts) {
      const count = one.get(node.name) ?? 0;
      if (count > 0) domains.set(domain, (domains.get(domain) ?? 0) + count);
    }
  }
  return domains;
}

function matching(snapshot: Snapshot, term: PodTerm): Map<string, number> {
  const namespaces = termNamespaces(term, snapshot.namespaces);
  const counts = namespaces.map((namespace) => snapshot.countPods(namespace, term.selector, true));
  return perDomain(snapshot, term.topologyKey, counts);
}

/** A pod counts for required affinity only when all the terms speak of it. */
function near(pod: PodInfo, snapshot: Snapshot): Check | undefined {
  const terms = pod.affinity;
  if (terms.length === 0) return undefined;
  const [first = [], ...others] = terms.map((term) => termNamespaces(term, snapshot.namespaces));
  const namespaces = first.filter((namespace) => others.every((other) => other.includes(namespace)));
  const selector = {
    requirements: terms.flatMap((term) => term.selector.requirements),
    ...(terms.some((term) => term.selector.nothing) && { nothing: true }),
  };
  const counts = namespaces.map((namespace) => snapshot.countPods(namespace, selector, true));
  const rules = terms.map(({ topologyKey }) => ({ topologyKey, domains: perDomain(snapshot, topologyKey, counts) }));
  // The first of a set of pods that want each other must be able to start somewhere.
  const firstOfItsKind =
    rules.every(({ domains }) => domains.size === 0) &&
    terms.every((term) => termMatches(term, pod.namespace, pod.labels, snapshot.namespaces));
  const holds = (node: NodeView): boolean =>
    rules.every(({ topologyKey, domains }) => {
      const domain = node.labels[topologyKey];
      return domain !== undefined && (firstOfItsKind || domains.has(domain));
    });
  return (node) => (holds(node) ? undefined : notNear);
}

function far(pod: PodInfo, snapshot: Snapshot): Check | undefined {
  if (pod.antiAffinity.length === 0) return undefined;
  const rules = pod.antiAffinity.map((term) => ({ ...term, domains: matching(snapshot, term) }));
  return (node) => (rules.some((rule) => countAt(rule, node) > 0) ? tooNear : undefined);
}

function welcome(pod: PodInfo, snapshot: Snapshot): Check | undefined {
  const rules: Rule[] = [];
  for (const { term, nodes } of snapshot.placedAntiAffinity) {
    if (!termMatches(term, pod.namespace, pod.labels, snapshot.namespaces)) continue;
    const topologyKey = term.topologyKey;
    rules.push({ topologyKey, domains: perDomain(snapshot, topologyKey, [nodes]) });
  }
  if (rules.length === 0) return undefined;
  return (node) => (rules.some((rule) => countAt(rule, node) > 0) ? unwelcome : undefined);
}

function scoreOf(pod: PodInfo, snapshot: Snapshot): NonNullable<PreparedPlugin['score']> {
  const rules = pod.preferredPods.map((term) => ({ ...term, domains: matching(snapshot, term) }));
  return (nodes) =>
    normalizeRange(nodes.map((node) => rules.reduce((sum, rule) => sum + rule.weight * countAt(rule, node), 0)));
}
