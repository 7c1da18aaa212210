import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { V1Service, V1ServiceSpec } from '#api/generated/types.ts';
import { namespaces, services } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { Store } from '#control-plane/store/store.ts';
import { builtInDefinitions } from '../../resources/all.ts';
import { type ApiCore, createApiCore } from '../core.ts';
import { createServiceAddresses } from './service-addresses.ts';

let client: ApiClient;
/** A second server on the same store. */
let other: ApiClient;
let store: Store;
let clock: VirtualClock;
let running: AbortController;
let cores: ApiCore[];

function startServer(seed: number): { client: ApiClient; core: ApiCore } {
  const random = createSeededRandom(seed);
  const addresses = createServiceAddresses({
    serviceCidr: '10.43.0.0/28',
    nodePorts: { first: 30_000, last: 30_002 },
    store,
    clock,
    random,
    log: createSilentLog(),
    registry: () => core.registry('', 'v1', 'services'),
  });
  const log = createSilentLog();
  const core: ApiCore = createApiCore({
    store,
    definitions: builtInDefinitions(),
    clock,
    random,
    log,
    admission: [addresses],
  });
  void addresses.run(running.signal);
  return { core, client: core.client({ name: 'admin', groups: [] }) };
}

beforeEach(async () => {
  clock = createVirtualClock();
  store = createMemoryStore({ clock });
  running = new AbortController();
  const servers = [startServer(1), startServer(2)];
  cores = servers.map(({ core }) => core);
  for (const core of cores) await core.start(running.signal);
  const [first, second] = servers;
  if (!first || !second) throw new Error('there are two');
  client = first.client;
  other = second.client;
  await client.create<KubeObject>(namespaces, { metadata: { name: 'default' } });
});
afterEach(async () => {
  running.abort();
  for (const core of cores) await core.stopped();
  await store.close();
});

const make = (name: string, spec: V1ServiceSpec = {}, on: ApiClient = client): Promise<V1Service> =>
  on.create(services, { metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });

describe('cluster addresses', () => {
  test('are different, even for requests that come together', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, (_, n) => make(`s${n}`)));
    const ips = made.map(({ spec }) => spec?.clusterIP);
    expect(new Set(ips).size).toBe(10);
    for (const ip of ips) expect(ip).toMatch(/^10\.43\.0\.\d+$/);
    expect(made[0]?.spec).toMatchObject({ clusterIPs: [ips[0]], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
  });

  test('are given as asked, once', async () => {
    expect((await make('a', { clusterIP: '10.43.0.5' })).spec?.clusterIP).toBe('10.43.0.5');
    await expect(make('b', { clusterIP: '10.43.0.5' })).rejects.toThrow(/provided IP is already allocated/);
    await expect(make('b', { clusterIP: '10.44.0.5' })).rejects.toThrow(/not in the valid range/);
    await client.delete(services, { namespace: 'default', name: 'a' });
    await expect(make('a', { clusterIP: '10.43.0.5' })).resolves.toBeTruthy();
  });

  test('not for those that have none', async () => {
    expect((await make('headless', { clusterIP: 'None' })).spec).toMatchObject({
      clusterIP: 'None',
      clusterIPs: ['None'],
    });
    const named = await make('named', { type: 'ExternalName', externalName: 'example.org' });
    expect(named.spec?.clusterIP).toBeUndefined();
  });

  test('run out', async () => {
    for (let n = 0; n < 14; n++) await make(`s${n}`);
    await expect(make('more')).rejects.toThrow(/range is full/);
  });

  test('stay over updates', async () => {
    const made = await make('a');
    const updated = await client.update(services, {
      metadata: { name: 'a', namespace: 'default' },
      spec: { ports: [{ port: 81 }], selector: { a: 'b' } },
    });
    expect(updated.spec?.clusterIP).toBe(made.spec?.clusterIP);
  });
});

describe('node ports', () => {
  test('are given, refused and kept', async () => {
    const made = await make('a', { type: 'NodePort' });
    const nodePort = made.spec?.ports?.[0]?.nodePort;
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    await expect(make('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] })).rejects.toThrow(/already allocated/);
    await expect(make('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).rejects.toThrow(/valid range/);
    const updated = await client.update(services, {
      metadata: { name: 'a', namespace: 'default' },
      spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] },
    });
    expect(updated.spec?.ports?.[0]?.nodePort).toBe(nodePort);
  });

  test('one per port of a service, and none for other types', async () => {
    const two = {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    };
    const ports = (await make('two', two)).spec?.ports?.map(({ nodePort }) => nodePort) ?? [];
    expect(new Set(ports).size).toBe(2);
    expect((await make('plain')).spec?.ports?.[0]?.nodePort).toBeUndefined();
    await expect(make('more', two)).rejects.toThrow(/range is full/);
  });

  test('come when a service becomes one of nodes', async () => {
    await make('a');
    const patched = await client.patch(
      services,
      { namespace: 'default', name: 'a' },
      { type: 'merge', body: { spec: { type: 'NodePort' } } },
    );
    expect(patched.spec?.ports?.[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
  });
});

const claimsOf = async (prefix: string): Promise<string[]> => {
  const { entries } = await store.list(prefix);
  return entries.map(({ key }) => key.slice(prefix.length)).sort();
};
const addressClaims = () => claimsOf('/registry/ipaddresses/');
const portClaims = () => claimsOf('/berth/node-ports/');
const deleteService = (name: string) => client.delete(services, { namespace: 'default', name });
const isFull = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' && /range is full/.test(String(result.reason));

describe('several servers on one store', () => {
  test('never give one address or port twice, and give all there are', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => make(`s${n}`, {}, n % 2 === 0 ? client : other)),
    );
    const ips = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value.spec?.clusterIP] : []));
    expect(new Set(ips).size).toBe(ips.length);
    expect(ips).toHaveLength(14);
    expect(results.filter(isFull)).toHaveLength(6);
    expect(await addressClaims()).toEqual([...ips].sort());
  });

  test('give an address that is asked for to one of those who ask at once', async () => {
    const ask = (name: string, on: ApiClient) => make(name, { clusterIP: '10.43.0.5' }, on);
    const results = await Promise.allSettled([ask('a', client), ask('b', other), ask('c', other)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(String(result.reason)).toContain('provided IP is already allocated');
    }
  });

  test('keep the address of the one that wins where two make a service of one name', async () => {
    const results = await Promise.allSettled([make('a', {}, client), make('a', {}, other)]);
    const [made] = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await addressClaims()).toEqual([made?.spec?.clusterIP]);
  });
});

describe('addresses and ports are given back', () => {
  const nodePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_001 }] };

  test('when the service goes, to every server at once', async () => {
    await make('a', { clusterIP: '10.43.0.5', ...nodePort });
    expect([await addressClaims(), await portClaims()]).toEqual([['10.43.0.5'], ['TCP/30001']]);
    await deleteService('a');
    expect([await addressClaims(), await portClaims()]).toEqual([[], []]);
    await make('b', { clusterIP: '10.43.0.5', ...nodePort });
    await deleteService('b');
    await expect(make('c', { clusterIP: '10.43.0.5', ...nodePort }, other)).resolves.toBeTruthy();
  });

  test('when a finalizer lets it go', async () => {
    const made = await client.create(services, {
      metadata: { name: 'a', namespace: 'default', finalizers: ['example.com/wait'] },
      spec: { ports: [{ port: 80 }] },
    });
    await deleteService('a');
    expect(await addressClaims()).toEqual([made.spec?.clusterIP]);
    const body = { metadata: { finalizers: null } };
    await client.patch(services, { namespace: 'default', name: 'a' }, { type: 'merge', body });
    expect(await addressClaims()).toEqual([]);
  });

  test('when it does not need them any more', async () => {
    await make('a', { clusterIP: '10.43.0.5', ...nodePort });
    const key = { namespace: 'default', name: 'a' };
    await client.patch(services, key, { type: 'merge', body: { spec: { type: 'ClusterIP' } } });
    expect([await addressClaims(), await portClaims()]).toEqual([['10.43.0.5'], []]);
    const body = { spec: { type: 'ExternalName', externalName: 'example.org' } };
    await client.patch(services, key, { type: 'merge', body });
    expect(await addressClaims()).toEqual([]);
  });

  test('when the service is refused, or only tried', async () => {
    await make('a', { clusterIP: '10.43.0.5' });
    await expect(make('a', nodePort)).rejects.toThrow(/already exists/);
    await expect(make('b', { sessionAffinity: 'Nonsense' })).rejects.toThrow(/sessionAffinity/);
    const dry = await client.create(
      services,
      { metadata: { name: 'dry', namespace: 'default' }, spec: { ports: [{ port: 80 }] } },
      { dryRun: true },
    );
    expect(dry.spec?.clusterIP).toMatch(/^10\.43\.0\./);
    for (let count = 0; count < 20; count++) {
      await client.create(
        services,
        { metadata: { name: `dry-${count}`, namespace: 'default' }, spec: { ports: [{ port: 80 }], type: 'NodePort' } },
        { dryRun: true },
      );
    }
    expect([await addressClaims(), await portClaims()]).toEqual([['10.43.0.5'], []]);
  });
});

describe('after a crash', () => {
  const orphan = (uid: string) => ({
    metadata: {
      name: '10.43.0.5',
      creationTimestamp: new Date(clock.now()).toISOString(),
      labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
      annotations: { 'berth.dev/service-uid': uid },
    },
    spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'gone' } },
  });

  test('a claim without a service holds until its service cannot come any more', async () => {
    await store.create('/registry/ipaddresses/10.43.0.5', Buffer.from(JSON.stringify(orphan('u'))));
    await expect(make('a', { clusterIP: '10.43.0.5' })).rejects.toThrow(/already allocated/);
    await clock.advance(61_000);
    await expect(make('a', { clusterIP: '10.43.0.5' })).resolves.toBeTruthy();
  });

  test('claims are compared with services from time to time', async () => {
    await store.create('/registry/ipaddresses/10.43.0.5', Buffer.from(JSON.stringify(orphan('u'))));
    const made = await make('a', { type: 'NodePort' });
    for (const key of [
      `/registry/ipaddresses/${made.spec?.clusterIP}`,
      `/berth/node-ports/${(await portClaims())[0]}`,
    ]) {
      await store.delete(key, (await store.get(key))?.revision ?? 0);
    }
    await clock.advance(130_000);
    expect(await addressClaims()).toEqual([made.spec?.clusterIP]);
    expect(await portClaims()).toEqual([`TCP/${made.spec?.ports?.[0]?.nodePort}`]);
  });

  test('IPAddress objects of others are left alone', async () => {
    const foreign = { metadata: { name: '10.43.0.7' }, spec: { parentRef: { resource: 'gateways', name: 'x' } } };
    await store.create('/registry/ipaddresses/10.43.0.7', Buffer.from(JSON.stringify(foreign)));
    await clock.advance(130_000);
    expect(await addressClaims()).toEqual(['10.43.0.7']);
    await expect(make('a', { clusterIP: '10.43.0.7' })).rejects.toThrow(/already allocated/);
  });
});

describe('what Kubernetes does besides', () => {
  test('one number for all protocols of a port', async () => {
    const ports = (['TCP', 'UDP'] as const).map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol }));
    const made = await make('dns', { type: 'NodePort', ports });
    const [tcp, udp] = made.spec?.ports ?? [];
    expect(tcp?.nodePort).toBe(udp?.nodePort);
  });

  test('a load balancer without node ports where it wants none, and a health check port by the policy Local', async () => {
    const balancer = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false };
    expect((await make('plain', balancer)).spec?.ports?.[0]?.nodePort).toBeUndefined();
    const local = await make('local', { ...balancer, externalTrafficPolicy: 'Local' });
    const port = local.spec?.healthCheckNodePort ?? 0;
    expect(port).toBeGreaterThanOrEqual(30_000);
    expect(await portClaims()).toEqual([`TCP/${port}`]);
    // A PUT without it keeps it; without the policy it is given back.
    const key = { namespace: 'default', name: 'local' };
    const put = await client.update(services, {
      metadata: key,
      spec: { ...balancer, externalTrafficPolicy: 'Local', ports: [{ port: 81 }] },
    });
    expect(put.spec?.healthCheckNodePort).toBe(port);
    await client.patch(services, key, { type: 'merge', body: { spec: { externalTrafficPolicy: 'Cluster' } } });
    expect(await portClaims()).toEqual([]);
  });
});
