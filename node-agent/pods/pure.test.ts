import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { container, samplePod } from '../testing/pod-samples.ts';
import { admit } from './admission.ts';
import { backOffMaxMs, formatSeconds, nextBackOffMs, restartDelayMs } from './back-off.ts';
import { parseResolvConf, podDns } from './dns.ts';
import { containerEnvironment, type ObjectSource } from './env.ts';
import { expandReferences } from './expand.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-ref.ts';
import { hostnameOf, hostsFile } from './hosts-file.ts';
import { tailOfLog } from './last-words.ts';
import { containersOf, restartsAfter } from './pod-model.ts';
import { cpuQuotaUs, cpuShares, oomScoreAdj, podResourcesOf, qosClassOf, unitsOf } from './resources.ts';
import { sameJson } from './same-json.ts';
import { containerSecurity } from './security.ts';
import { serviceEnvironment } from './service-env.ts';

test.each([
  ['$(A)', '1'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$(B)', '$(B)'],
  ['x$(A)y$(A)', 'x1y1'],
  ['$(A', '$(A'],
  ['$', '$'],
  ['$A', '$A'],
  ['$()', '$()'],
  ['a$$b', 'a$b'],
])('expands %s to %s', (text, expected) => {
  expect(expandReferences(text, (name) => (name === 'A' ? '1' : undefined))).toBe(expected);
});

test('text without a dollar is left alone, and expansion never throws', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const expanded = expandReferences(text, () => undefined);
      if (!text.includes('$')) expect(expanded).toBe(text);
    }),
  );
});

test('back-off grows to five minutes and is forgotten after ten minutes of running', () => {
  const short = { startedAtMs: 1_000, finishedAtMs: 2_000 };
  const delays: number[] = [];
  for (let backOffMs = 0, count = 0; count < 8; count++) {
    delays.push(restartDelayMs({ ...short, backOffMs }) / 1000);
    backOffMs = nextBackOffMs({ ...short, backOffMs });
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  expect(restartDelayMs({ startedAtMs: 1, finishedAtMs: 600_001, backOffMs: backOffMaxMs })).toBe(0);
  expect([10_000, 80_000, 300_000, 3_661_000].map(formatSeconds)).toEqual(['10s', '1m20s', '5m0s', '1h1m1s']);
});

test('restart rules by exit code come before the policy', () => {
  const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
  const [main] = containersOf(
    samplePod({ restartPolicy: 'Never', containers: [container('main', { restartPolicyRules: rules })] }),
  );
  expect(main && [42, 1].map((code) => restartsAfter(main, code))).toEqual([true, false]);
});

describe('resources', () => {
  const limits = { cpu: '500m', memory: '64Mi' };
  test('QoS classes', () => {
    const of = (...all: object[]) =>
      qosClassOf(samplePod({ containers: all.map((resources, index) => container(`c${index}`, { resources })) }));
    expect(of({})).toBe('BestEffort');
    expect(of({ limits })).toBe('Guaranteed');
    expect(of({ limits, requests: limits })).toBe('Guaranteed');
    expect(of({ limits, requests: { cpu: '0.5', memory: '65536Ki' } })).toBe('Guaranteed');
    expect(of({ limits }, {})).toBe('Burstable');
    expect(of({ requests: { cpu: '1m' } })).toBe('Burstable');
    expect(of({ limits: { cpu: '1' } })).toBe('Burstable');
    expect(of({ requests: { 'ephemeral-storage': '1Gi' } })).toBe('BestEffort');
  });
  test('shares, quota and the readiness to be killed', () => {
    expect([0, 1, 250, 1000, 1e9].map(cpuShares)).toEqual([2, 2, 256, 1024, 262_144]);
    expect([0, 1, 500, 2000].map(cpuQuotaUs)).toEqual([0, 1_000, 50_000, 200_000]);
    const asks = (memory: string) => container('main', { resources: { requests: { memory } } });
    expect(oomScoreAdj('Guaranteed', asks('1Gi'), 4 * 2 ** 30)).toBe(-997);
    expect(oomScoreAdj('BestEffort', container('main'), 4 * 2 ** 30)).toBe(1000);
    expect(oomScoreAdj('Burstable', asks('1Gi'), 4 * 2 ** 30)).toBe(750);
    expect(oomScoreAdj('Burstable', asks('4Gi'), 4 * 2 ** 30)).toBe(3);
    expect(oomScoreAdj('Burstable', asks('1'), 4 * 2 ** 30)).toBe(999);
  });
  test('a pod asks for its containers together, or for its largest init container', () => {
    const asks = (name: string, memory: string, more = {}) =>
      container(name, { resources: { requests: { memory }, limits: { memory } }, ...more });
    const pod = samplePod({
      initContainers: [asks('side', '1Mi', { restartPolicy: 'Always' }), asks('big', '100Mi')],
      containers: [asks('a', '10Mi'), asks('b', '20Mi')],
    });
    expect(unitsOf(podResourcesOf(pod).requests, 'memory')).toBe(101 * 2 ** 20);
    const partly = samplePod({ containers: [asks('a', '10Mi'), container('b')] });
    expect(podResourcesOf(partly).limits.has('memory')).toBe(false);
  });
});

const facts = (pod = samplePod()): PodFacts => ({
  pod,
  podIps: ['10.42.0.2'],
  hostIps: ['192.0.2.1'],
  allocatable: { cpu: '3900m', memory: '8Gi' },
});

describe('environment', () => {
  const objects: ObjectSource = {
    configMap: async (name) => (name === 'cm' ? { data: { a: '1', 'b-c': '2' } } : undefined),
    secret: async (name) => (name === 'sec' ? { data: { key: Buffer.from('s').toString('base64') } } : undefined),
  };
  const envOf = async (more: Parameters<typeof container>[1]) =>
    Object.fromEntries(
      await containerEnvironment(container('main', more), facts(), new Map([['SVC', 'svc']]), objects),
    );

  test('sources in their order, references among them', async () => {
    const env = await envOf({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }, { secretRef: { name: 'sec' } }],
      env: [
        { name: 'A', value: 'x$(P_a)$(SVC)$(LATER)' },
        { name: 'LATER', value: '$(A)' },
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'key', value: 'mine' },
        { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'no', key: 'k', optional: true } } },
      ],
    });
    expect(env).toEqual({
      SVC: 'svc',
      P_a: '1',
      'P_b-c': '2',
      key: 'mine',
      A: 'x1svc$(LATER)',
      LATER: 'x1svc$(LATER)',
      NAME: 'web',
    });
  });

  test.each([
    [{ envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
    [{ envFrom: [{ secretRef: { name: 'no' } }] }, 'secret "no" not found'],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] },
      "couldn't find key no in ConfigMap default/cm",
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'sec', key: 'no' } } }] },
      "couldn't find key no in Secret default/sec",
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.no' } } }] }, 'field label not supported: spec.no'],
  ])('missing: %j', async (more, message) => {
    await expect(envOf(more)).rejects.toThrow(message);
  });
});

test('fields and amounts that a pod may know', () => {
  const pod = samplePod({}, { metadata: { labels: { b: 'x"y', a: '1' }, annotations: { 'k/v': 'z' } } });
  const of = (fieldPath: string) => fieldValue({ fieldPath }, facts(pod));
  expect(of('metadata.labels')).toBe('a="1"\nb="x\\"y"');
  expect([of("metadata.labels['a']"), of("metadata.annotations['k/v']"), of("metadata.labels['no']")]).toEqual([
    '1',
    'z',
    '',
  ]);
  expect([of('status.podIP'), of('status.hostIPs'), of('spec.nodeName'), of('metadata.uid')]).toEqual([
    '10.42.0.2',
    '192.0.2.1',
    'node-1',
    'uid-1',
  ]);
  const own = container('main', { resources: { limits: { cpu: '250m' }, requests: { memory: '100Mi' } } });
  const amount = (resource: string, divisor?: string) =>
    resourceValue({ resource, ...(divisor && { divisor }) }, own, facts(pod));
  expect([amount('limits.cpu'), amount('limits.cpu', '1m'), amount('requests.cpu', '1m')]).toEqual(['1', '250', '250']);
  expect([amount('requests.memory', '1Mi'), amount('limits.memory', '1Gi'), amount('requests.memory', '1Gi')]).toEqual([
    '100',
    '8',
    '1',
  ]);
});

test('variables of services', () => {
  const service = (name: string, namespace: string, clusterIP: string, ...ports: object[]): Stored<V1Service> => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { clusterIP, ports: ports.map((port) => ({ port: 80, ...port })) },
  });
  const all = [
    service('my-db', 'default', '10.43.0.5', { name: 'sql', port: 5432 }, { port: 53, protocol: 'UDP' }),
    service('headless', 'default', 'None', {}),
    service('other', 'elsewhere', '10.43.0.6', {}),
    service('kubernetes', 'default', '10.43.0.1', { name: 'https', port: 443 }),
  ];
  const linked = Object.fromEntries(serviceEnvironment(all, 'default', true));
  expect(linked).toMatchObject({
    MY_DB_SERVICE_HOST: '10.43.0.5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.43.0.5:5432',
    MY_DB_PORT_53_UDP_ADDR: '10.43.0.5',
    KUBERNETES_SERVICE_HOST: '10.43.0.1',
  });
  expect(Object.keys(linked).some((name) => /HEADLESS|OTHER/.test(name))).toBe(false);
  const apart = [...serviceEnvironment(all, 'elsewhere', false).keys()];
  expect(apart.every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
  expect(apart).toContain('KUBERNETES_SERVICE_PORT');
});

test('resolvers after policy and configuration', () => {
  const node = parseResolvConf(
    '# c\nsearch corp.example\nnameserver 10.0.0.1\nnameserver 10.0.0.2 ; x\noptions ndots:2 edns0\n',
  );
  expect(node).toEqual({
    servers: ['10.0.0.1', '10.0.0.2'],
    searches: ['corp.example'],
    options: ['ndots:2', 'edns0'],
  });
  const cluster = { clusterDns: ['10.43.0.10'], clusterDomain: 'cluster.local' };
  expect(podDns(samplePod(), node, { clusterDns: [], clusterDomain: 'cluster.local' })).toEqual(node);
  expect(podDns(samplePod(), node, cluster)).toEqual({
    servers: ['10.43.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
    options: ['ndots:5'],
  });
  expect(podDns(samplePod({ hostNetwork: true }), node, cluster).servers).toEqual(['10.0.0.1', '10.0.0.2']);
  const own = {
    nameservers: ['1.1.1.1'],
    searches: ['x'],
    options: [{ name: 'ndots', value: '1' }, { name: 'rotate' }],
  };
  expect(podDns(samplePod({ dnsPolicy: 'None', dnsConfig: own }), node, cluster)).toEqual({
    servers: ['1.1.1.1'],
    searches: ['x'],
    options: ['ndots:1', 'rotate'],
  });
});

test('hostname and hosts file', () => {
  const pod = samplePod({ hostname: 'h', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] });
  expect(hostnameOf(pod, 'cluster.local')).toBe('h');
  expect(hostsFile(pod, ['10.42.0.2'], 'cluster.local', undefined)).toContain(
    '10.42.0.2\th.sub.default.svc.cluster.local\th\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n',
  );
  expect(hostsFile(pod, [], 'cluster.local', '127.0.0.1 me\n')).toContain('127.0.0.1 me\n');
  expect(hostnameOf(samplePod({ setHostnameAsFQDN: true, subdomain: 's' }), 'c')).toBe('web.s.default.svc.c');
});

describe('who a container runs as', () => {
  const secure = (spec: object, own: object, image: object) =>
    containerSecurity(
      samplePod({ securityContext: spec }),
      container('main', { securityContext: own }),
      image,
      '/seccomp',
    );
  test('must not be root', () => {
    const words = '(pod: "web_default(uid-1)", container: main)';
    expect(() => secure({ runAsNonRoot: true }, {}, {})).toThrow(
      `container has runAsNonRoot and image will run as root ${words}`,
    );
    expect(() => secure({ runAsNonRoot: true }, {}, { uid: 0 })).toThrow('image will run as root');
    expect(() => secure({ runAsNonRoot: true }, {}, { username: 'app' })).toThrow('image has non-numeric user (app)');
    expect(() => secure({ runAsNonRoot: true, runAsUser: 0 }, {}, {})).toThrow(
      "container's runAsUser breaks non-root policy",
    );
    expect(secure({ runAsNonRoot: true }, {}, { uid: 7 }).runAsUser).toBe(7);
    expect(secure({ runAsNonRoot: true }, { runAsNonRoot: false }, {}).runAsUser).toBeUndefined();
  });
  test('the container is asked before the pod, the pod before the image', () => {
    expect(secure({ runAsUser: 1 }, { runAsUser: 2 }, { uid: 3 })).toMatchObject({
      runAsUser: 2,
      runAsUsername: undefined,
    });
    expect(secure({}, {}, { username: 'app' })).toMatchObject({ runAsUser: undefined, runAsUsername: 'app' });
    expect(secure({ fsGroup: 5, supplementalGroups: [4] }, {}, {}).supplementalGroups).toEqual([4, 5]);
  });
  test('privileges', () => {
    expect(secure({}, { privileged: true, allowPrivilegeEscalation: false }, {})).toMatchObject({
      privileged: true,
      allowPrivilegeEscalation: true,
      maskedPaths: [],
    });
    expect(secure({}, {}, {}).maskedPaths).toContain('/proc/kcore');
    expect(secure({ seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } }, {}, {}).seccomp).toEqual({
      type: 'localhost',
      path: '/seccomp/p.json',
    });
  });
});

describe('admission on the node', () => {
  const node = {
    metadata: { name: 'node-1', labels: { disk: 'ssd' } },
    status: { allocatable: { cpu: '2', memory: '1Gi', pods: '2' } },
  };
  const asks = (cpu: string) => samplePod({ containers: [container('main', { resources: { requests: { cpu } } })] });
  test('too much', () => {
    expect(admit(asks('2'), node, [])).toBeUndefined();
    expect(admit(asks('1500m'), node, [asks('1')])).toEqual({
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    });
    expect(admit(asks('0'), node, [asks('0'), asks('0')])?.reason).toBe('OutOfpods');
    expect(admit(asks('2'), node, [samplePod({}, { status: { phase: 'Failed' } })])).toBeUndefined();
  });
  test('the wrong node', () => {
    expect(admit(samplePod({ nodeSelector: { disk: 'hdd' } }), node, [])?.reason).toBe('NodeAffinity');
    expect(admit(samplePod({ nodeSelector: { disk: 'ssd' } }), node, [])).toBeUndefined();
    const term = (operator: string, ...values: string[]) =>
      samplePod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator, values }] }],
            },
          },
        },
      });
    expect(admit(term('In', 'ssd'), node, [])).toBeUndefined();
    expect(admit(term('NotIn', 'ssd'), node, [])?.reason).toBe('NodeAffinity');
    expect(admit(term('DoesNotExist'), node, [])?.reason).toBe('NodeAffinity');
  });
  test('a port that is taken', () => {
    const port = (hostPort: number) =>
      samplePod({ containers: [container('main', { ports: [{ containerPort: 1, hostPort }] })] });
    expect(admit(port(80), node, [port(80)])?.reason).toBe('NodePorts');
    expect(admit(port(81), node, [port(80)])).toBeUndefined();
  });
});

test('last words from a log', () => {
  const at = '2026-01-01T00:00:00.000000001Z';
  expect(tailOfLog(`${at} stdout F one\n${at} stderr P tw\n${at} stderr F o\n`)).toBe('one\ntwo\n');
  expect(tailOfLog('')).toBe('');
  expect(tailOfLog(Array.from({ length: 500 }, () => `${at} stdout F ${'x'.repeat(100)}\n`).join('')).length).toBe(
    2048,
  );
});

test('sameJson is equality of what would be written', () => {
  expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(sameJson({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
  expect(sameJson({ a: 1 }, { b: 1 })).toBe(false);
  expect(sameJson([], {})).toBe(false);
  fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, structuredClone(value))));
});
