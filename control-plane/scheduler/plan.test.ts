import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeededRandom } from '#base/virtual/random.ts';
import { explainNoPreemption } from './explain.ts';
import { plan } from './plan.ts';
import { clusterOf, type NodeShape, nodeObject, type PodShape, podInfo } from './testing.ts';

const random = createSeededRandom(1);

/** The node, or the message. */
function planFor(
  nodes: ReturnType<typeof nodeObject>[],
  pod: PodShape,
  placed: ReturnType<typeof podInfo>[] = [],
): string {
  const info = podInfo('new', pod);
  const decision = plan(clusterOf(nodes, placed).snapshot, info, { random });
  if (decision.kind === 'node') return decision.node;
  const { message, refusals } = decision;
  return refusals.size === 0 ? message : `${message} ${explainNoPreemption(info, nodes.length, refusals, false)}`;
}

const notHelpful = (count: number, of = count) =>
  ` preemption: 0/${of} nodes are available: ${count} Preemption is not helpful for scheduling.`;

describe('the words of a refusal', () => {
  test('reasons are counted over nodes and sorted as kube-scheduler does', () => {
    const nodes = [
      nodeObject('a', { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] }),
      nodeObject('b', { allocatable: { cpu: '1' } }),
      nodeObject('c', { allocatable: { cpu: '1' } }),
    ];
    expect(planFor(nodes, { requests: { cpu: '2' } })).toBe(
      `0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, 2 Insufficient cpu.${notHelpful(3)}`,
    );
  });

  test('a node may give several reasons; pods that could make room are told apart', () => {
    const full = podInfo('full', { nodeName: 'a', requests: { cpu: '3', memory: '7Gi' } });
    expect(planFor([nodeObject('a')], { requests: { cpu: '2', memory: '2Gi' } }, [full])).toBe(
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.' +
        ' preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
  });

  test('without nodes, and with preemption ruled out', () => {
    expect(planFor([], {})).toBe('no nodes available to schedule pods');
    expect(planFor([nodeObject('a', { unschedulable: true })], { preemptionPolicy: 'Never' })).toBe(
      '0/1 nodes are available: 1 node(s) were unschedulable. preemption: not eligible due to preemptionPolicy=Never.',
    );
  });

  test('a pod bound to a node by field names the others', () => {
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['b'] }];
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } },
    };
    const nodes = ['a', 'b', 'c'].map((name) => nodeObject(name));
    expect(planFor(nodes, { affinity })).toBe('b');
    expect(planFor(nodes, { affinity, requests: { cpu: '5' } })).toBe(
      `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].${notHelpful(3)}`,
    );
  });
});

describe('resources', () => {
  const shapes: [string, PodShape][] = [
    ['cpu', { requests: { cpu: '4001m' } }],
    ['memory', { requests: { memory: '9Gi' } }],
    ['ephemeral-storage', { requests: { 'ephemeral-storage': '101Gi' } }],
    ['nvidia.com/gpu', { requests: { 'nvidia.com/gpu': '1' } }],
    ['cpu', { requests: { cpu: '3900m' }, overhead: { cpu: '200m' } }],
    ['cpu', { initContainers: [{ name: 'init', resources: { requests: { cpu: '5' } } }] }],
    ['cpu', { resources: { requests: { cpu: '5' } } }],
    [
      'cpu',
      {
        requests: { cpu: '2' },
        initContainers: [{ name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '2100m' } } }],
      },
    ],
    [
      'cpu',
      {
        requests: { cpu: '1' },
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '2' } } },
          { name: 'init', resources: { requests: { cpu: '2500m' } } },
        ],
      },
    ],
  ];
  test.each(shapes)('not enough %s: %j', (resource, pod) => {
    expect(planFor([nodeObject('a')], pod)).toContain(`1 Insufficient ${resource}.`);
  });

  test('a plain init container needs its own maximum only', () => {
    const initContainers = [1, 2].map((i) => ({ name: `i${i}`, resources: { requests: { cpu: '3' } } }));
    expect(planFor([nodeObject('a')], { requests: { cpu: '3' }, initContainers })).toBe('a');
  });

  test('extended resources are given out by the unit, and a full node takes no more pods', () => {
    const nodes = [nodeObject('a', { allocatable: { 'example.com/gpu': '2', pods: '2' } })];
    const one = podInfo('one', { nodeName: 'a', requests: { 'example.com/gpu': '1' } });
    expect(planFor(nodes, { requests: { 'example.com/gpu': '1' } }, [one])).toBe('a');
    expect(planFor(nodes, { requests: { 'example.com/gpu': '2' } }, [one])).toContain('Insufficient example.com/gpu');
    expect(planFor(nodes, {}, [one, podInfo('two', { nodeName: 'a' })])).toContain(
      '0/1 nodes are available: 1 Too many pods.',
    );
  });

  test('the emptier node is preferred', () => {
    const nodes = ['a', 'b', 'c'].map((name) => nodeObject(name));
    const busy = ['a', 'c'].map((nodeName) => podInfo(`on-${nodeName}`, { nodeName, requests: { cpu: '2' } }));
    expect(planFor(nodes, { requests: { cpu: '1' } }, busy)).toBe('b');
  });
});

describe('where a pod may go', () => {
  const node = (labels: Record<string, string>) => [nodeObject('a', { labels })];
  const requiring = (key: string, operator: string, values?: string[]): PodShape => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values && { values }) }] }],
        },
      },
    },
  });
  const refused = `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.${notHelpful(1)}`;

  test.each([
    ['In', ['x', 'y'], 'x', 'z'],
    ['NotIn', ['x'], 'y', 'x'],
    ['Exists', undefined, 'anything', undefined],
    ['DoesNotExist', undefined, undefined, 'anything'],
    ['Gt', ['5'], '6', '5'],
    ['Gt', ['5'], '10', 'many'],
    ['Lt', ['5'], '-1', '5'],
  ])('required node affinity: %s %j', (operator, values, yes, no) => {
    const labels = (value: string | undefined): Record<string, string> => (value === undefined ? {} : { disk: value });
    expect(planFor(node(labels(yes)), requiring('disk', operator, values))).toBe('a');
    expect(planFor(node(labels(no)), requiring('disk', operator, values))).toBe(refused);
  });

  test('terms are alternatives, an empty term matches nothing, nodeSelector must hold as well', () => {
    const terms = (nodeSelectorTerms: object[]) => ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    });
    const wants = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] });
    expect(planFor(node({ ssd: '' }), terms([wants('hdd'), wants('ssd')]))).toBe('a');
    expect(planFor(node({ ssd: '' }), terms([{}]))).toBe(refused);
    expect(planFor(node({ ssd: '' }), { ...terms([wants('ssd')]), nodeSelector: { zone: '1' } })).toBe(refused);
    expect(planFor(node({ ssd: '', zone: '1' }), { ...terms([wants('ssd')]), nodeSelector: { zone: '1' } })).toBe('a');
  });

  test('preferred node affinity decides among nodes that do', () => {
    const nodes = ['a', 'b', 'c'].map((name) => nodeObject(name, { labels: { disk: name } }));
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['b'] }] };
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, preference }] },
    };
    expect(planFor(nodes, { affinity })).toBe('b');
  });

  test('taints are tolerated by key, value, effect, or all at once', () => {
    const tainted = [nodeObject('a', { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] })];
    const no = `0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.${notHelpful(1)}`;
    expect(planFor(tainted, {})).toBe(no);
    expect(planFor(tainted, { tolerations: [{ key: 'k', value: 'v' }] })).toBe('a');
    expect(planFor(tainted, { tolerations: [{ key: 'k', value: 'w' }] })).toBe(no);
    expect(planFor(tainted, { tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }] })).toBe(no);
    expect(planFor(tainted, { tolerations: [{ operator: 'Exists' }] })).toBe('a');
  });

  test('a PreferNoSchedule taint only repels', () => {
    const taints = [{ key: 'k', effect: 'PreferNoSchedule' }];
    expect(planFor([nodeObject('a', { taints }), nodeObject('b')], {})).toBe('b');
    expect(planFor([nodeObject('a', { taints })], {})).toBe('a');
  });

  test('cordoned nodes take only pods that tolerate it', () => {
    const cordoned = [nodeObject('a', { unschedulable: true })];
    expect(planFor(cordoned, {})).toContain('1 node(s) were unschedulable.');
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }];
    expect(planFor(cordoned, { tolerations })).toBe('a');
  });

  test('host ports are given away once per protocol and address', () => {
    const withPort = (hostPort: number, more: object = {}): PodShape => ({
      container: { ports: [{ containerPort: 80, hostPort, ...more }] },
    });
    const placed = [podInfo('web', { nodeName: 'a', ...withPort(8080, { hostIP: '10.0.0.1' }) })];
    const no = "1 node(s) didn't have free ports for the requested pod ports.";
    const nodes = [nodeObject('a')];
    expect(planFor(nodes, withPort(8080), placed)).toContain(no);
    expect(planFor(nodes, withPort(8080, { hostIP: '10.0.0.1' }), placed)).toContain(no);
    expect(planFor(nodes, withPort(8080, { hostIP: '10.0.0.2' }), placed)).toBe('a');
    expect(planFor(nodes, withPort(8080, { protocol: 'UDP' }), placed)).toBe('a');
    expect(planFor(nodes, withPort(8081), placed)).toBe('a');
  });

  test('pods that want devices by claims are refused with a reason', () => {
    expect(planFor([nodeObject('a')], { resourceClaims: [{ name: 'gpu' }] })).toContain(
      'resource claims are not supported',
    );
  });

  test('a node that has the image is preferred', () => {
    const nodes = [nodeObject('a'), nodeObject('b', { images: ['registry/app:1'] }), nodeObject('c')];
    expect(planFor(nodes, { container: { image: 'registry/app:1' } })).toBe('b');
  });
});

const nodeShape: fc.Arbitrary<NodeShape> = fc.record({
  taints: fc.constantFrom([], [{ key: 'k', value: 'v', effect: 'NoSchedule' }]),
  unschedulable: fc.constantFrom(false, false, true),
  allocatable: fc.record({
    cpu: fc.integer({ min: 0, max: 4 }).map(String),
    memory: fc.integer({ min: 0, max: 4 }).map((gib) => `${gib}Gi`),
    pods: fc.integer({ min: 0, max: 6 }).map(String),
  }),
});
const podShape: fc.Arbitrary<PodShape> = fc.record(
  {
    requests: fc.record({
      cpu: fc.integer({ min: 0, max: 2500 }).map((milli) => `${milli}m`),
      memory: fc.integer({ min: 0, max: 3000 }).map((mib) => `${mib}Mi`),
    }),
    tolerations: fc.constant([{ operator: 'Exists' }]),
    owner: fc.constantFrom('one', 'two'),
    container: fc.constant({ ports: [{ containerPort: 80, hostPort: 80 }] }),
  },
  { requiredKeys: ['requests'] },
);

test('no node is ever given more than it has, or a pod that it refuses; the same seed places alike', () => {
  const run = (nodes: NodeShape[], pods: PodShape[], seed: number): string[] => {
    const state = clusterOf(nodes.map((shape, i) => nodeObject(`n${i}`, shape)));
    const draws = createSeededRandom(seed);
    return pods.map((shape, i) => {
      const pod = podInfo(`p${i}`, shape);
      const decision = plan(state.snapshot, pod, { random: draws });
      if (decision.kind === 'unschedulable') return decision.message;
      state.place(pod, decision.node);
      const node = state.snapshot.nodes.find(({ name }) => name === decision.node);
      if (!node) throw new Error('a node that is not there');
      expect(node.pods.size).toBeLessThanOrEqual(node.allocatable.pods);
      if (pod.requests.cpu > 0) expect(node.requested.cpu).toBeLessThanOrEqual(node.allocatable.cpu);
      if (pod.requests.memory > 0) expect(node.requested.memory).toBeLessThanOrEqual(node.allocatable.memory);
      if (!shape.tolerations) expect([node.taints.length, node.node.spec?.unschedulable ?? false]).toEqual([0, false]);
      for (const used of node.ports.values()) expect(used).toHaveLength(1);
      return decision.node;
    });
  };
  fc.assert(
    fc.property(
      fc.array(nodeShape, { maxLength: 6 }),
      fc.array(podShape, { maxLength: 30 }),
      fc.integer(),
      (nodes, pods, seed) => {
        expect(run(nodes, pods, seed)).toEqual(run(nodes, pods, seed));
      },
    ),
    { numRuns: 60 },
  );
});

test('placing and removing leaves nothing behind in the sums', () => {
  fc.assert(
    fc.property(fc.array(podShape, { maxLength: 20 }), (shapes) => {
      const state = clusterOf([nodeObject('a')]);
      const pods = shapes.map((shape, i) => podInfo(`p${i}`, shape));
      for (const pod of pods) state.place(pod, 'a');
      for (const pod of pods) state.place(pod, 'a');
      for (const pod of pods) expect(state.remove(pod.uid)).toBe(true);
      const [node] = state.snapshot.nodes;
      expect(node?.requested).toMatchObject({ cpu: 0, memory: 0, ephemeralStorage: 0 });
      expect([node?.requested.extended.size, node?.pods.size, node?.ports.size, node?.groups.size]).toEqual([
        0, 0, 0, 0,
      ]);
    }),
    { numRuns: 40 },
  );
});

test('a thousand pods find their nodes among a hundred in about a second', () => {
  const state = clusterOf(
    Array.from({ length: 100 }, (_, i) =>
      nodeObject(`n${i}`, { labels: { 'topology.kubernetes.io/zone': `z${i % 3}` } }),
    ),
  );
  const startedMs = process.cpuUsage().user / 1000;
  for (let i = 0; i < 1000; i++) {
    const pod = podInfo(`p${i}`, { owner: `rs${i % 10}`, requests: { cpu: '100m', memory: '64Mi' } });
    const decision = plan(state.snapshot, pod, { random });
    if (decision.kind !== 'node') throw new Error(decision.message);
    state.place(pod, decision.node);
  }
  const spentMs = process.cpuUsage().user / 1000 - startedMs;
  const sizes = state.snapshot.nodes.map((node) => node.pods.size);
  expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([10, 10]);
  // Five times what is wanted: the machine may be busy with other things.
  expect(spentMs).toBeLessThan(5000);
});
