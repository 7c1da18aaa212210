import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { promiseAnnotation, takenAnnotation } from '#api/fence.ts';
import type { V1Lease, V1Node } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createMemoryClient, type MemoryClient } from '#client/testing/memory-client.ts';
import { createMemoryBook } from '../fence/book.ts';
import { createFence, type Fence } from '../fence/fence.ts';
import { createNodeLease, type NodeLease } from './lease.ts';

const key = { namespace: 'kube-node-lease', name: 'n' };
const node: Stored<V1Node> = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', uid: 'node-uid', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
};

let clock: VirtualClock;
let server: MemoryClient;
let life: AbortController;
let ended: Promise<void>;
let fence: Fence;
let opened: number;
let calls: string[];
/** What becomes of the next request on the n-th connection. */
let fate: (connection: number, verb: string) => 'pass' | 'hang' | 'slow' | 'fail' | 'lose-answer';
let delays: number[];
/** Connections whose handshake is done. */
let shaken: Set<number>;

beforeEach(() => {
  clock = createVirtualClock();
  server = createMemoryClient({ clock, random: createSeededRandom(1) });
  life = new AbortController();
  opened = 0;
  calls = [];
  delays = [];
  shaken = new Set();
  fate = () => 'pass';
});
afterEach(async () => {
  life.abort(new Error('the test ends'));
  await ended;
});

const startedMs = (): number => clock.monotonicMs() - Date.UTC(2026, 0, 1);

/** Each call on a connection has its fate. */
function connection(number: number): ApiClient {
  const through = async <R>(verb: string, signal: AbortSignal | undefined, call: () => Promise<R>): Promise<R> => {
    calls.push(verb);
    const what = fate(number, verb);
    if (what === 'fail') throw serviceUnavailable('refused');
    // The first request of a connection waits for its handshake.
    if (what === 'slow' && !shaken.has(number)) {
      await clock.sleep(5_000, signal);
      shaken.add(number);
    }
    const answer = what === 'hang' ? undefined : await call();
    if (!['pass', 'slow'].includes(what) || answer === undefined) {
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
    }
    return answer;
  };
  return {
    ...server,
    get: (type, of, o) => through('get', o?.signal, () => server.get(type, of)),
    create: (type, object, o) => through('create', o?.signal, () => server.create(type, object)),
    update: (type, object, o) => through('update', o?.signal, () => server.update(type, object)),
  };
}

function start(options: { readonly nodes?: number; readonly seconds?: number } = {}): NodeLease {
  const log = createSilentLog();
  const book = createMemoryBook(startedMs);
  fence = createFence({ seconds: options.seconds ?? 6, book, clock, log });
  const lease = createNodeLease({
    connect: () => {
      const number = opened++;
      return { client: connection(number), close: () => calls.push(`close ${number}`) };
    },
    clock,
    random: createSeededRandom(2),
    log,
    settings: { name: 'n', leaseRenewMs: 1_000 },
    fence,
    node: () => node,
    nodeCount: () => options.nodes ?? 3,
  });
  lease.onRenewed((lateMs) => delays.push(lateMs));
  ended = lease.run(life.signal);
  return lease;
}

const stored = (): Promise<Stored<V1Lease>> => server.get(leases, key);
const renewals = (): number => calls.filter((verb) => verb === 'update').length;

describe('the lease', () => {
  it('belongs to the node, carries the promise, and is renewed each second with one request', async () => {
    start();
    await clock.advance(10_500);
    const { metadata, spec } = await stored();
    expect(metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'node-uid' }]);
    expect(metadata.annotations).toEqual({ [promiseAnnotation]: '6' });
    expect(spec).toMatchObject({ holderIdentity: 'n', leaseDurationSeconds: 6 });
    expect(Math.abs(renewals() - 10)).toBeLessThanOrEqual(1);
    expect(calls.filter((verb) => verb === 'get')).toHaveLength(1);
    expect(opened).toBe(1);
  });

  it('promises nothing when fencing is off', async () => {
    start({ seconds: 0 });
    await clock.advance(100);
    expect((await stored()).metadata.annotations).toEqual({});
  });

  it('is renewed half as often where there are many nodes', async () => {
    start({ nodes: 201 });
    await clock.advance(20_500);
    expect(Math.abs(renewals() - 10)).toBeLessThanOrEqual(1);
  });

  it('is not late for being renewed half as often', async () => {
    start({ nodes: 201 });
    await clock.advance(20_500);
    expect(delays.length).toBeGreaterThan(8);
    expect(Math.max(...delays)).toBeLessThan(100);
  });

  it('says at once what others want to say with it, however many ask', async () => {
    const lease = start();
    let applied = 0;
    lease.annotate(() => ({ 'berth.dev/endpoints-applied': String(applied) }));
    await clock.advance(10);
    const before = renewals();
    applied = 7;
    for (let asked = 0; asked < 50; asked++) lease.renewNow();
    await clock.advance(10);
    expect((await stored()).metadata.annotations?.['berth.dev/endpoints-applied']).toBe('7');
    expect(renewals()).toBe(before + 1);
  });

  it('goes on beside a connection that hangs, and closes it', async () => {
    start();
    await clock.advance(1_500);
    fate = (number) => (number === 0 ? 'hang' : 'pass');
    const before = (await stored()).spec?.renewTime;
    await clock.advance(2_000);
    expect((await stored()).spec?.renewTime).not.toBe(before);
    expect(Math.max(...delays)).toBeLessThan(1_500);
    await clock.advance(3_000);
    expect(calls).toContain('close 0');
    expect(opened).toBe(2);
  });

  it('bounds what hangs', async () => {
    start();
    fate = () => 'hang';
    await clock.advance(60_000);
    expect(opened - calls.filter((verb) => verb.startsWith('close')).length).toBeLessThanOrEqual(5);
  });

  it('is answered in the end by a server that needs 5 s for each new connection', async () => {
    start();
    await clock.advance(500);
    const steady = delays.length;
    fate = (number) => (number === 0 ? 'hang' : 'slow');
    await clock.advance(30_000);
    expect(delays.length).toBeGreaterThan(steady + 5);
    const asked = opened;
    fate = () => 'hang';
    await clock.advance(60_000);
    expect(opened - asked).toBeLessThan(40);
  });

  it('recognises a renewal whose answer was lost, and counts it from when it was sent', async () => {
    start();
    await clock.advance(500);
    let lost = 0;
    fate = (_, verb) => (verb === 'update' && lost++ === 0 ? 'lose-answer' : 'pass');
    const count = delays.length;
    await clock.advance(1_900);
    expect(lost).toBeGreaterThan(0);
    expect(delays.length).toBeGreaterThan(count);
    expect(fence.verdict({ metadata: { uid: 'p' } }, false)).toBe('ask');
  });

  it('retries fast', async () => {
    start();
    await clock.advance(500);
    fate = () => 'fail';
    await clock.advance(3_000);
    const failed = renewals();
    expect(failed).toBeGreaterThan(8);
    fate = () => 'pass';
    await clock.advance(400);
    expect(delays.at(-1)).toBeGreaterThan(1_500);
  });

  it('is not renewed once the server took it, until all has stopped; then it says so no more', async () => {
    start();
    await clock.advance(500);
    let alive = true;
    fence.guard(() => alive);
    const lease = await stored();
    const annotations = { ...lease.metadata.annotations, [takenAnnotation]: '2026-01-01T00:00:00Z' };
    await server.update(leases, { ...lease, metadata: { ...lease.metadata, annotations } });
    await clock.advance(3_000);
    expect((await stored()).metadata.annotations).toHaveProperty([takenAnnotation]);
    expect(fence.verdict({ metadata: { uid: 'p' } }, true)).toBe('stop');
    alive = false;
    await clock.advance(500);
    expect((await stored()).metadata.annotations).not.toHaveProperty([takenAnnotation]);
    expect(fence.verdict({ metadata: { uid: 'p' } }, false)).toBe('ask');
  });

  it('makes a new one when it is gone, and has every pod confirmed anew', async () => {
    start();
    await clock.advance(500);
    await fence.admit('p', '/p');
    fence.confirm('p', fence.contact);
    expect(fence.verdict({ metadata: { uid: 'p' } }, true)).toBe('run');
    await server.delete(leases, key);
    await clock.advance(2_000);
    expect((await stored()).spec?.holderIdentity).toBe('n');
    expect(fence.verdict({ metadata: { uid: 'p' } }, true)).toBe('ask');
  });
});
