import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Lease } from '#api/generated/types.ts';
import { leases, nodes } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { sleepBy } from '#base/sleep.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createInformer } from '#client/informers/create.ts';
import { createMemoryClient, type MemoryClient } from '#client/testing/memory-client.ts';
import { node } from '../testing/objects.ts';
import { type Attention, createAttention } from './attention.ts';
import { createHeartbeats } from './heartbeats.ts';
import { createNodeMonitor, type NodeMonitor } from './monitor.ts';

const namespace = 'kube-node-lease';
const settings = { graceMs: 4_000, startupGraceMs: 60_000 };

let clock: VirtualClock;
let server: MemoryClient;
let life: AbortController;
let running: Promise<unknown>;
let monitor: NodeMonitor;
let attention: Attention;
let changes: string[];
/** What a write of the observer takes. */
let writeMs: number;
let stalledUntilMs: number;
let renewing: Map<string, number>;

/** Timers of a process that does not get to run come late. */
const stallable = (): Clock => {
  const setTimer: Clock['setTimer'] = (delayMs, callback) =>
    clock.setTimer(Math.max(delayMs, stalledUntilMs - clock.now()), callback);
  return { ...clock, setTimer, sleep: sleepBy(setTimer) };
};

const renew = async (name: string): Promise<void> => {
  const lease: V1Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name },
    spec: { holderIdentity: name, renewTime: new Date(clock.now()).toISOString().replace('Z', '000Z') },
  };
  const found = await server.get(leases, { namespace, name }).catch(() => undefined);
  if (found) await server.update(leases, { ...found, spec: lease.spec });
  else await server.create(leases, lease);
};

/** Machines renew each second for as long as they are in `renewing`. */
const beat = async (name: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    if (renewing.has(name)) await renew(name);
    await clock.sleep(1_000, signal).catch(() => undefined);
  }
};

beforeEach(async () => {
  clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  server = createMemoryClient({ clock, random });
  life = new AbortController();
  [changes, writeMs, stalledUntilMs] = [[], 0, 0];
  renewing = new Map([
    ['a', 0],
    ['b', 0],
  ]);
  for (const name of renewing.keys()) {
    const { resourceVersion: _, ...metadata } = node(name, 'True').metadata;
    const created = await server.create(nodes, { ...node(name, 'True'), metadata });
    await server.updateStatus(nodes, { ...created, status: node(name, 'True').status });
  }
  const own = stallable();
  const slow: ApiClient = {
    ...server,
    update: async (type, object, o) => {
      await clock.sleep(writeMs);
      return server.update(type, object, o);
    },
  };
  const caches = {
    nodes: createInformer(server, nodes, { clock, random, log }),
    leases: createInformer(server, leases, { clock, random, log }),
  };
  attention = createAttention({ client: slow, leases: caches.leases, clock: own, log });
  const heartbeats = createHeartbeats({ ...caches, clock, onSign: (name) => monitor.onSign(name) });
  monitor = createNodeMonitor({
    heartbeats: () => heartbeats,
    attention,
    nodes: caches.nodes,
    settings,
    clock: own,
    onChange: (name) => changes.push(`${name} ${monitor.isLost(name) ? 'lost' : 'back'}`),
  });
  const work = [caches.nodes.run(life.signal), caches.leases.run(life.signal), monitor.run(life.signal)];
  running = Promise.all([...work, ...[...renewing.keys()].map((name) => beat(name, life.signal))]);
  await clock.runUntil(() => caches.nodes.synced && caches.leases.synced, 1_000);
  heartbeats.attach();
  await clock.advance(3_000);
});
afterEach(async () => {
  life.abort(new Error('the test ends'));
  await clock.advance(30_000);
  await running;
});

/** When the node is lost, in milliseconds from now; at most `withinMs`. */
const lostAfterMs = async (withinMs: number): Promise<number> => {
  const startMs = clock.now();
  await clock.runUntil(() => changes.length > 0, withinMs);
  return clock.now() - startMs;
};

describe('the monitor', () => {
  it('says that a node is lost when its time is over, and that it is back at its first sign', async () => {
    renewing.delete('a');
    const lost = await lostAfterMs(6_000);
    expect(changes).toEqual(['a lost']);
    // It renewed up to a second before.
    expect(lost).toBeGreaterThan(2_900);
    expect(lost).toBeLessThan(4_600);
    renewing.set('a', 0);
    await clock.advance(1_100);
    expect(changes).toEqual(['a lost', 'a back']);
  });

  it('writes nothing while all is well', async () => {
    const before = attention.elapsedMs;
    await clock.advance(30_000);
    expect([attention.elapsedMs, changes]).toEqual([before, []]);
  });

  it('blames nobody for its own stall', async () => {
    stalledUntilMs = clock.now() + 20_000;
    renewing.clear();
    await clock.advance(20_001);
    for (const name of ['a', 'b']) renewing.set(name, 0);
    await clock.advance(5_000);
    expect(changes).toEqual([]);
  });

  it('nor for a stall of its writes, with machines that need a moment longer than itself', async () => {
    renewing.clear();
    writeMs = 8_000;
    await clock.advance(9_000);
    writeMs = 0;
    await clock.advance(1_000);
    for (const name of ['a', 'b']) renewing.set(name, 0);
    await clock.advance(5_000);
    expect(changes).toEqual([]);
  });

  it('nor for a watch that is dead', async () => {
    renewing.clear();
    const update = server.update;
    server.dropWatches();
    // Nothing is seen of what is written: neither of the nodes, nor of its own.
    Object.assign(server, { watch: async function* () {} });
    await clock.advance(20_000);
    expect(changes).toEqual([]);
    expect(update).toBe(server.update);
  });

  it('goes on, only later, where writes are slow for good', async () => {
    writeMs = 1_000;
    renewing.delete('a');
    const lost = await lostAfterMs(60_000);
    expect(changes).toEqual(['a lost']);
    expect(lost).toBeGreaterThan(6_000);
    expect(lost).toBeLessThan(20_000);
  });

  it('forgets nodes that are gone', async () => {
    renewing.delete('a');
    await clock.advance(2_500);
    await server.delete(nodes, { name: 'a' });
    await clock.advance(10_000);
    expect([changes, monitor.isLost('a')]).toEqual([[], false]);
  });
});
