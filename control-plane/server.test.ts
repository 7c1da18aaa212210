import { expect, test } from 'vitest';
import { configMaps, deployments, leases, namespaces, pods, services } from '#api/kinds.ts';
import { createRealClock } from '#base/real/clock.ts';
import { startControlPlane } from '#test/harness/control-plane.ts';
import { createMemoryStore } from './store/memory.ts';
import type { Store } from './store/store.ts';

/** Survives the control planes that close it. */
function lastingStore(): { store: Store; end(): Promise<void> } {
  const store = createMemoryStore({ clock: createRealClock() });
  return { store: { ...store, close: async () => undefined }, end: () => store.close() };
}

test('a new cluster has its first objects, and its controllers at work', async () => {
  const { plane, stop } = await startControlPlane({ advertiseAddress: '192.0.2.1' });
  const { client } = plane;
  const names = (await client.list(namespaces)).items.map(({ metadata }) => metadata.name);
  expect(names.sort()).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
  const own = await client.get(services, { namespace: 'default', name: 'kubernetes' });
  expect(own.spec?.clusterIP).toBe('10.43.0.1');
  const labels = { a: 'b' };
  await client.create(deployments, {
    metadata: { namespace: 'default', name: 'd' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  const conditionOfPod = async () => {
    const { items } = await client.list(pods, { namespace: 'default' });
    return items[0]?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.reason;
  };
  await expect.poll(conditionOfPod, { timeout: 10_000 }).toBe('Unschedulable');
  await stop();
});

test('a successor on the same store goes on at once, and leases are given back', async () => {
  const { store, end } = lastingStore();
  const first = await startControlPlane({ store });
  await first.plane.client.create(configMaps, { metadata: { namespace: 'default', name: 'kept' } });
  const leader = async (plane: typeof first.plane) =>
    (await plane.client.get(leases, { namespace: 'kube-system', name: 'kube-scheduler' })).spec?.holderIdentity;
  await expect.poll(() => leader(first.plane).catch(() => undefined)).toContain('127.0.0.1:');
  await first.stop();
  const second = await startControlPlane({ store });
  expect((await second.plane.client.get(configMaps, { namespace: 'default', name: 'kept' })).metadata.uid).toBeTruthy();
  await expect.poll(() => leader(second.plane)).toBe(`127.0.0.1:${second.plane.port}`);
  await second.stop();
  await end();
});

test('a port that is taken is said so, and nothing is left running', async () => {
  const first = await startControlPlane();
  await expect(startControlPlane({ listen: { host: '127.0.0.1', port: first.plane.port } })).rejects.toThrow(
    /EADDRINUSE/,
  );
  await first.stop();
});
