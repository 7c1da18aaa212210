import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { V1Service, V1ServiceSpec } from '#api/generated/types.ts';
import { namespaces, services } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { builtInDefinitions } from '../../resources/all.ts';
import { type ApiCore, createApiCore } from '../core.ts';
import { createServiceAddresses } from './service-addresses.ts';

let client: ApiClient;
let stop: () => Promise<void>;
beforeEach(async () => {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const store = createMemoryStore({ clock });
  const addresses = createServiceAddresses({
    serviceCidr: '10.43.0.0/28',
    nodePorts: { first: 30_000, last: 30_002 },
    clock,
    random,
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
  const running = new AbortController();
  await core.start(running.signal);
  client = core.client({ name: 'admin', groups: [] });
  await client.create<KubeObject>(namespaces, { metadata: { name: 'default' } });
  stop = async () => {
    running.abort();
    await core.stopped();
    await store.close();
  };
});
afterEach(() => stop());

const make = (name: string, spec: V1ServiceSpec = {}): Promise<V1Service> =>
  client.create(services, { metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });

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
