import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTaken, promiseAnnotation } from '#api/fence.ts';
import type { V1Lease } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformer, type RunnableInformer } from '#client/informers/create.ts';
import { createMemoryClient, type MemoryClient } from '#client/testing/memory-client.ts';
import { createNodeFence, type NodeFence } from './node-fence.ts';

const key = { namespace: 'kube-node-lease', name: 'n' };
let clock: VirtualClock;
let server: MemoryClient;
let cache: RunnableInformer<V1Lease>;
let life: AbortController;
let running: Promise<void>;
let serial = 0;

const find = (): Promise<Stored<V1Lease>> => server.get(leases, key);
const renew = async (): Promise<void> => {
  const lease = await find();
  const { 'berth.dev/fenced-at': _, ...annotations } = lease.metadata.annotations ?? {};
  const spec = { ...lease.spec, renewTime: `r${serial++}` };
  await server.update(leases, { ...lease, metadata: { ...lease.metadata, annotations }, spec });
};
const fenceOf = async (): Promise<NodeFence> => {
  const fence = createNodeFence(server, cache, clock);
  fence.attach();
  await clock.advance(0);
  return fence;
};
const take = (fence: NodeFence): Promise<boolean> => fence.take('n', life.signal);

beforeEach(async () => {
  clock = createVirtualClock();
  const random = createSeededRandom(1);
  server = createMemoryClient({ clock, random });
  await server.create(leases, {
    metadata: { ...key, annotations: { [promiseAnnotation]: '6' } },
    spec: { renewTime: 'first', leaseDurationSeconds: 6 },
  });
  life = new AbortController();
  cache = createInformer(server, leases, { clock, random, log: createSilentLog() });
  running = cache.run(life.signal);
  await clock.runUntil(() => cache.synced, 1_000);
});
afterEach(async () => {
  life.abort(new Error('the test ends'));
  await running;
});

describe("the server's side of the fence", () => {
  it('waits for what was promised and a second more, from the last renewal that it saw', async () => {
    const fence = await fenceOf();
    await clock.advance(5_000);
    await renew();
    await clock.advance(0);
    expect(fence.waitMs('n')).toBe(7_000);
    await clock.advance(6_999);
    expect([fence.waitMs('n'), await take(fence), isTaken(await find())]).toEqual([1, false, false]);
    await clock.advance(1);
    expect([fence.waitMs('n'), await take(fence), isTaken(await find())]).toEqual([0, true, true]);
    expect(await take(fence)).toBe(true);
  });

  it('begins anew with each server', async () => {
    await fenceOf();
    await clock.advance(20_000);
    expect((await fenceOf()).waitMs('n')).toBe(7_000);
  });

  it('takes nothing from a node that was heard of, though the cache does not show it yet', async () => {
    const fence = await fenceOf();
    await clock.advance(7_000);
    server.dropWatches();
    await renew();
    expect([await take(fence), isTaken(await find())]).toEqual([false, false]);
  });

  it('waits for the whole time again when the node was back for a moment', async () => {
    const fence = await fenceOf();
    await clock.advance(7_000);
    expect(await take(fence)).toBe(true);
    await renew();
    await clock.advance(0);
    expect([fence.waitMs('n'), await take(fence)]).toEqual([7_000, false]);
  });

  it('knows no promise where there is none', async () => {
    const lease = await find();
    await server.update(leases, { ...lease, metadata: { ...lease.metadata, annotations: {} } });
    await renew();
    await clock.advance(0);
    const fence = await fenceOf();
    await clock.advance(100_000);
    expect([fence.waitMs('n'), fence.waitMs('other'), await take(fence)]).toEqual([undefined, undefined, false]);
  });

  it('holds a node to its promise when its lease is gone', async () => {
    const fence = await fenceOf();
    await clock.advance(3_000);
    await server.delete(leases, key);
    await clock.advance(3_000);
    expect([fence.waitMs('n'), await take(fence)]).toEqual([1_000, false]);
    await clock.advance(1_000);
    expect([fence.waitMs('n'), await take(fence)]).toEqual([0, true]);
  });
});
