import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { V1PodAffinityTerm, V1TopologySpreadConstraint } from '#api/generated/types.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { plan } from './plan.ts';
import { clusterOf, nodeObject, type PodShape, podInfo } from './testing.ts';
import type { PodInfo } from './types.ts';

const random = createSeededRandom(1);
const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const nodes = ['a1', 'a2', 'b1'].map((name) => nodeObject(name, { labels: { [zone]: name[0] ?? '' } }));

function decide(pod: PodShape, placed: PodInfo[], on = nodes): string {
  const decision = plan(clusterOf(on, placed).snapshot, podInfo('new', pod), { random });
  return decision.kind === 'node' ? decision.node : decision.message.slice(0, -1);
}

const app = (name: string) => ({ matchLabels: { app: name } });
const term = (name: string, topologyKey: string, more: Partial<V1PodAffinityTerm> = {}): V1PodAffinityTerm => ({
  labelSelector: app(name),
  topologyKey,
  ...more,
});
const near = (...terms: V1PodAffinityTerm[]): PodShape => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const far = (...terms: V1PodAffinityTerm[]): PodShape => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const placed = (name: string, nodeName: string, shape: PodShape = {}): PodInfo =>
  podInfo(name, { nodeName, labels: { app: name.split('-')[0] ?? '' }, ...shape });

describe('affinity to pods', () => {
  test('goes where the others are: the node, or any node of the zone', () => {
    const db = [placed('db-1', 'a2')];
    expect(decide(near(term('db', host)), db)).toBe('a2');
    const full = [...db, placed('big', 'a2', { requests: { cpu: '4' } })];
    expect(decide({ ...near(term('db', zone)), requests: { cpu: '1' } }, full)).toBe('a1');
    expect(decide(near(term('cache', zone)), db)).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules",
    );
  });

  test('the first of pods that want each other may start anywhere with the label', () => {
    const wantsItself = { labels: { app: 'web' }, ...near(term('web', zone)) };
    expect(['a1', 'a2', 'b1']).toContain(decide(wantsItself, []));
    expect(decide(wantsItself, [placed('web-1', 'b1')])).toBe('b1');
    expect(decide({ ...wantsItself, ...near(term('web', 'rack')) }, [])).toContain(
      "3 node(s) didn't match pod affinity rules",
    );
    expect(decide({ ...near(term('web', zone)), labels: { app: 'other' } }, [])).toContain("didn't match pod affinity");
  });

  test('namespaces: one’s own, those listed, those selected', () => {
    const elsewhere = [placed('db-1', 'b1', { namespace: 'other' })];
    const no = "3 node(s) didn't match pod affinity rules";
    expect(decide(near(term('db', host)), elsewhere)).toContain(no);
    expect(decide(near(term('db', host, { namespaces: ['other'] })), elsewhere)).toBe('b1');
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'other' } };
    expect(decide(near(term('db', host, { namespaceSelector })), elsewhere)).toBe('b1');
    expect(decide(near(term('db', host, { namespaceSelector: {} })), elsewhere)).toBe('b1');
  });

  test('all terms must hold, of one and the same set of pods', () => {
    const pods = [placed('db-1', 'a1'), placed('cache-1', 'a1')];
    expect(decide(near(term('db', zone), term('db', host)), pods)).toBe('a1');
    expect(decide(near(term('db', zone), term('cache', zone)), pods)).toContain("didn't match pod affinity rules");
  });

  test('preferred terms pull and push', () => {
    const prefer = (kind: 'podAffinity' | 'podAntiAffinity', name: string): PodShape => ({
      affinity: {
        [kind]: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term(name, zone) }],
        },
      },
    });
    expect(decide(prefer('podAffinity', 'db'), [placed('db-1', 'b1')])).toBe('b1');
    expect(decide(prefer('podAntiAffinity', 'db'), [placed('db-1', 'a1')])).toBe('b1');
  });
});

describe('anti-affinity to pods', () => {
  test('keeps away from the others, on the node or in the zone', () => {
    const pods = [placed('web-1', 'a1'), placed('web-2', 'b1')];
    expect(decide(far(term('web', host)), pods)).toBe('a2');
    expect(decide(far(term('web', zone)), pods)).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules",
    );
  });

  test('pods that are there keep newcomers away as well, until they leave', () => {
    const shy = placed('shy-1', 'a1', far(term('web', zone)));
    const web = { labels: { app: 'web' } };
    expect(decide(web, [shy])).toBe('b1');
    const state = clusterOf(nodes.slice(0, 2), [shy]);
    const refused = plan(state.snapshot, podInfo('new', web), { random });
    expect(refused.kind === 'unschedulable' && refused.message).toContain(
      "2 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
    state.remove(shy.uid);
    expect(plan(state.snapshot, podInfo('new', web), { random }).kind).toBe('node');
  });

  test('a node without the label is in no domain, and so never too near', () => {
    const bare = { ...nodeObject('bare'), metadata: { name: 'bare' } };
    expect(decide(far(term('web', zone)), [placed('web-1', 'a1'), placed('web-2', 'b1')], [...nodes, bare])).toBe(
      'bare',
    );
  });

  test('matchLabelKeys narrows the others to those of the same revision', () => {
    const labels = { app: 'web', revision: '2' };
    const terms = far(term('web', host, { matchLabelKeys: ['revision'] }));
    const old = placed('web-1', 'a1', { labels: { app: 'web', revision: '1' } });
    expect(decide({ labels, ...terms }, [old], nodes.slice(0, 1))).toBe('a1');
    const same = placed('web-2', 'a1', { labels });
    expect(decide({ labels, ...terms }, [same], nodes.slice(0, 1))).toContain("didn't match pod anti-affinity rules");
  });
});

describe('topologySpreadConstraints', () => {
  const spread = (more: Partial<V1TopologySpreadConstraint> = {}): PodShape => ({
    labels: { app: 'web' },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: app('web'), ...more },
    ],
  });

  test('no domain gets more than maxSkew ahead of the emptiest', () => {
    expect(decide(spread(), [placed('web-1', 'a1')])).toBe('b1');
    expect(decide(spread(), [placed('web-1', 'a1')], nodes.slice(0, 2))).toMatch(/^a/);
    const full = nodeObject('b1', { labels: { [zone]: 'b' }, allocatable: { pods: '0' } });
    expect(decide(spread(), [placed('web-1', 'a1')], [...nodes.slice(0, 2), full])).toBe(
      "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match pod topology spread constraints",
    );
    expect(decide(spread({ maxSkew: 2 }), [placed('web-1', 'a1')], [...nodes.slice(0, 2), full])).toMatch(/^a/);
  });

  test('nodes that the pod cannot use by its selector do not count, nor do terminating pods', () => {
    const onlyA = { ...spread(), nodeSelector: { [zone]: 'a' } };
    expect(decide(onlyA, [placed('web-1', 'a1')])).toMatch(/^a/);
    expect(decide({ ...onlyA, ...spread({ nodeAffinityPolicy: 'Ignore' }) }, [placed('web-1', 'a1')])).toContain(
      "2 node(s) didn't match pod topology spread constraints",
    );
    const leaving = { ...placed('web-1', 'a1'), terminating: true };
    expect(decide(spread(), [leaving], nodes.slice(0, 1))).toBe('a1');
  });

  test('too few domains count as one that is empty; nodes without the label cannot be used', () => {
    const two = spread({ minDomains: 3 });
    expect(decide(two, [placed('web-1', 'a1'), placed('web-2', 'b1')])).toContain(
      "3 node(s) didn't match pod topology spread",
    );
    expect(decide(spread({ topologyKey: 'rack' }), [])).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints (missing required label)",
    );
  });

  test('ScheduleAnyway only prefers', () => {
    const soft = spread({ whenUnsatisfiable: 'ScheduleAnyway' });
    const pods = [placed('web-1', 'a1'), placed('web-2', 'a2')];
    expect(decide(soft, pods)).toBe('b1');
    expect(decide(soft, pods, nodes.slice(0, 2))).toMatch(/^a/);
  });

  test('of nodes that all may have it, the one in the emptiest domains is preferred, by every constraint', () => {
    const soft = { whenUnsatisfiable: 'ScheduleAnyway' as const };
    const both = spread(soft);
    both.topologySpreadConstraints?.push({ maxSkew: 1, topologyKey: host, ...soft, labelSelector: app('web') });
    // Both zones have two; in zone a both are on a1.
    const on = [...nodes, nodeObject('b2', { labels: { [zone]: 'b' } })];
    const pods = ['a1', 'a1', 'b1', 'b2'].map((node, i) => placed(`web-${i}`, node));
    expect(decide(both, pods, on)).toBe('a2');
  });

  test('a node that lacks a label of a preferred constraint is the last choice', () => {
    const bare = { ...nodeObject('bare'), metadata: { name: 'bare' } };
    const soft = spread({ whenUnsatisfiable: 'ScheduleAnyway' });
    const many = Array.from({ length: 5 }, (_, i) => placed(`web-${i}`, 'a1'));
    expect(decide(soft, [...many, placed('web-9', 'b1')], [nodes[0] ?? bare, bare])).toBe('a1');
  });

  test('tainted nodes count as domains unless their taints are to be honoured', () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const tainted = nodeObject('c1', { labels: { [zone]: 'c' }, taints });
    const pods = [placed('web-1', 'a1'), placed('web-2', 'b1')];
    expect(decide(spread(), pods, [...nodes, tainted])).toContain(
      "3 node(s) didn't match pod topology spread constraints",
    );
    expect(decide(spread({ nodeTaintsPolicy: 'Honor' }), pods, [...nodes, tainted])).toMatch(/^[ab]/);
  });

  test('matchLabelKeys spreads the pods of one revision only', () => {
    const labels = { app: 'web', 'pod-template-hash': '2' };
    const old = [placed('web-1', 'b1', { labels: { app: 'web', 'pod-template-hash': '1' } })];
    const fresh = [placed('web-2', 'a1', { labels })];
    const keyed = { ...spread({ matchLabelKeys: ['pod-template-hash'] }), labels };
    expect(decide(keyed, [...old, ...fresh])).toBe('b1');
    expect(decide({ ...spread(), labels }, [...old, ...fresh, placed('web-3', 'a2', { labels })])).toBe('b1');
  });

  test('however pods come and go, the skew never grows beyond its bound', () => {
    const on = Array.from({ length: 7 }, (_, i) => nodeObject(`n${i}`, { labels: { [zone]: `z${i % 3}` } }));
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.boolean(), { minLength: 10, maxLength: 40 }), (seed, removals) => {
        const state = clusterOf(on);
        const draws = createSeededRandom(seed);
        const alive: PodInfo[] = [];
        removals.forEach((removes, i) => {
          const pod = podInfo(`p${i}`, spread());
          const perZone = (): number[] => {
            const counts = [0, 0, 0];
            for (const view of state.snapshot.nodes) {
              const index = Number(view.labels[zone]?.slice(1));
              counts[index] = (counts[index] ?? 0) + view.pods.size;
            }
            return counts;
          };
          const lowest = Math.min(...perZone());
          const decision = plan(state.snapshot, pod, { random: draws });
          if (decision.kind !== 'node') throw new Error(decision.message);
          const chosen = state.snapshot.nodes.find(({ name }) => name === decision.node)?.labels[zone];
          state.place(pod, decision.node);
          alive.push(pod);
          expect(perZone()[Number(chosen?.slice(1))]).toBeLessThanOrEqual(lowest + 1);
          if (removes) state.remove(alive.splice(Math.floor(draws.next() * alive.length), 1)[0]?.uid ?? '');
        });
      }),
      { numRuns: 30 },
    );
  });
});

test('replicas with anti-affinity to each other end on nodes of their own, and no more fit', () => {
  const on = Array.from({ length: 20 }, (_, i) => nodeObject(`n${i}`));
  const state = clusterOf(on);
  const used = new Set<string>();
  for (let i = 0; i < 21; i++) {
    const pod = podInfo(`p${i}`, { labels: { app: 'web' }, ...far(term('web', host)) });
    const decision = plan(state.snapshot, pod, { random });
    if (i === 20) expect(decision.kind).toBe('unschedulable');
    if (decision.kind !== 'node') continue;
    state.place(pod, decision.node);
    used.add(decision.node);
  }
  expect(used.size).toBe(20);
});

test('a thousand pods with rules about each other still take about a second', () => {
  const state = clusterOf(
    Array.from({ length: 100 }, (_, i) => nodeObject(`n${i}`, { labels: { [zone]: `z${i % 3}` } })),
  );
  const startedMs = process.cpuUsage().user / 1000;
  for (let i = 0; i < 1000; i++) {
    const name = `app${i % 20}`;
    const affinity = far(term(name, host)).affinity;
    const topologySpreadConstraints = [
      { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: app(name) },
    ];
    const pod = podInfo(`p${i}`, { labels: { app: name }, ...(affinity && { affinity }), topologySpreadConstraints });
    const decision = plan(state.snapshot, pod, { random });
    if (decision.kind !== 'node') throw new Error(decision.message);
    state.place(pod, decision.node);
  }
  expect(process.cpuUsage().user / 1000 - startedMs).toBeLessThan(5000);
});
