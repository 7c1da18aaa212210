import { explain } from './explain.ts';
import { plugins as allPlugins } from './plugins/all.ts';
import type { NodeView, PlanOptions, Plugin, PodInfo, PreparedPlugin, Refusal, Snapshot } from './types.ts';

/** Where a pod should go, or why it can go nowhere. */
export type Plan =
  | { readonly kind: 'node'; readonly node: string; readonly feasible: number }
  | {
      readonly kind: 'unschedulable';
      /** In the words of kube-scheduler, without what it says of preemption. */
      readonly message: string;
      readonly refusals: ReadonlyMap<string, Refusal>;
      /** Names of the plugins that refused a node: their events may change the answer. Empty: every event may. */
      readonly plugins: ReadonlySet<string>;
    };

interface Active {
  readonly plugin: Plugin;
  readonly prepared: PreparedPlugin;
}

/** In large clusters a share of the nodes is enough to choose from. */
const enoughNodesMin = 100;

/** Decides for one pod. Changes nothing; the same snapshot, pod and random draws give the same plan. */
export function plan(snapshot: Snapshot, pod: PodInfo, { random }: PlanOptions): Plan {
  const nodes = snapshot.nodes;
  if (nodes.length === 0) {
    const message = 'no nodes available to schedule pods';
    return { kind: 'unschedulable', message, refusals: new Map(), plugins: new Set() };
  }
  const active = prepareAll(snapshot, pod);
  const refused = active.find(({ prepared }) => prepared.refuse)?.prepared.refuse;
  if (refused) return refusedEverywhere(nodes, refused);
  const { feasible, refusals } = filter(nodes, active, random.next());
  const [first] = feasible;
  if (!first) {
    const refusing = new Set([...refusals.values()].map((refusal) => refusal.plugin));
    return { kind: 'unschedulable', message: explain(nodes.length, refusals), refusals, plugins: refusing };
  }
  const best = feasible.length === 1 ? first : choose(feasible, active, random.next());
  return { kind: 'node', node: best.name, feasible: feasible.length };
}

/** Does the pod fit on this node as it is now? */
export function fits(snapshot: Snapshot, pod: PodInfo, node: NodeView): boolean {
  return prepareAll(snapshot, pod).every(
    ({ prepared: { refuse, only, check } }) => !refuse && (!only || only.has(node.name)) && !check?.(node),
  );
}

function refusedEverywhere(nodes: readonly NodeView[], refusal: Refusal): Plan {
  return {
    kind: 'unschedulable',
    message: `0/${nodes.length} nodes are available: ${refusal.reasons.join(', ')}.`,
    refusals: new Map(nodes.map(({ name }) => [name, refusal])),
    plugins: new Set([refusal.plugin]),
  };
}

const prepareAll = (snapshot: Snapshot, pod: PodInfo): Active[] =>
  allPlugins.flatMap((plugin) => {
    const prepared = plugin.prepare(pod, snapshot);
    return prepared ? [{ plugin, prepared }] : [];
  });

function filter(
  nodes: readonly NodeView[],
  active: readonly Active[],
  draw: number,
): { feasible: NodeView[]; refusals: Map<string, Refusal> } {
  const checks = active.flatMap(({ prepared }) => (prepared.check ? [prepared.check] : []));
  const only = active.flatMap(({ plugin, prepared: { only } }) => (only ? [{ only, refusal: outside(plugin) }] : []));
  const enough = enoughNodes(nodes.length);
  // Where not all nodes are looked at, each pod starts at another one.
  const start = enough < nodes.length ? Math.floor(draw * nodes.length) : 0;
  const feasible: NodeView[] = [];
  const refusals = new Map<string, Refusal>();
  for (let i = 0; i < nodes.length && feasible.length < enough; i++) {
    const node = nodes[(start + i) % nodes.length];
    if (!node) continue;
    const refusal = only.find((one) => !one.only.has(node.name))?.refusal ?? firstRefusal(checks, node);
    if (refusal) refusals.set(node.name, refusal);
    else feasible.push(node);
  }
  return { feasible, refusals };
}

function firstRefusal(checks: readonly NonNullable<PreparedPlugin['check']>[], node: NodeView): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(node);
    if (refusal) return refusal;
  }
  return undefined;
}

const outside = ({ name }: Plugin): Refusal => ({
  plugin: name,
  kind: 'unresolvable',
  reasons: [`node(s) didn't satisfy plugin(s) [${name}]`],
});

/** All up to 100; beyond that half of them, and less the more there are, down to 5%. */
function enoughNodes(count: number): number {
  if (count <= enoughNodesMin) return count;
  const percent = Math.max(5, 50 - count / 125);
  return Math.max(enoughNodesMin, Math.floor((count * percent) / 100));
}

function choose(feasible: readonly NodeView[], active: readonly Active[], draw: number): NodeView {
  const totals = feasible.map(() => 0);
  for (const { plugin, prepared } of active) {
    const scores = prepared.score?.(feasible);
    if (!scores) continue;
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + plugin.weight * (scores[i] ?? 0);
  }
  const highest = Math.max(...totals);
  const best = feasible.filter((_, i) => totals[i] === highest);
  const chosen = best[Math.floor(draw * best.length)];
  if (!chosen) throw new Error('a draw must be in [0, 1)');
  return chosen;
}
