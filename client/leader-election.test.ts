import { expect, test } from 'vitest';
import { leases } from '#api/kinds.ts';
import { serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from './api-client.ts';
import { LeadershipLost, runLeaderElected } from './leader-election.ts';
import type { Runnable } from './reconciler.ts';
import { interceptClient } from './testing/intercept.ts';
import { createMemoryClient } from './testing/memory-client.ts';

const lease = { namespace: 'kube-system', name: 'controllers' };

function setUp() {
  const clock = createVirtualClock();
  const server = createMemoryClient({ clock, random: createSeededRandom(5) });
  return { clock, server };
}

/** A candidate whose work notes when it runs; `partitioned` cuts it off from the server. */
function candidate(clock: VirtualClock, server: ApiClient, identity: string, wrap = (work: Runnable) => work) {
  const state = { working: false, terms: 0, partitioned: false, reasons: [] as unknown[] };
  const client = interceptClient(server, () => {
    if (state.partitioned) throw serviceUnavailable('partitioned');
  });
  const work = wrap({
    name: 'work',
    async run(signal) {
      state.working = true;
      state.terms += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      state.reasons.push(signal.reason);
      state.working = false;
    },
  });
  const stop = new AbortController();
  const random = createSeededRandom(identity.length);
  const options = { client, lease, identity, clock, random, log: createSilentLog() };
  const running = runLeaderElected(options, [work], stop.signal);
  running.catch(() => undefined);
  return { state, stop: () => stop.abort(new Error('stop')), running };
}

test('one of two leads; a clean stop hands over at once and counts the transition', async () => {
  const { clock, server } = setUp();
  const a = candidate(clock, server, 'a');
  await clock.advance(100);
  const b = candidate(clock, server, 'bb');
  await clock.advance(60_000);
  expect([a.state.working, b.state.working]).toEqual([true, false]);
  const held = await server.get(leases, lease);
  expect(held.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(held.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

  a.stop();
  await clock.advance(0);
  await a.running;
  expect((await server.get(leases, lease)).spec?.holderIdentity).toBe('');
  await clock.advance(2_500);
  expect(b.state.working).toBe(true);
  expect((await server.get(leases, lease)).spec).toMatchObject({ holderIdentity: 'bb', leaseTransitions: 1 });
  b.stop();
  await clock.advance(0);
  await b.running;
  expect(clock.pendingTimers).toBe(0);
});

test('a holder that is cut off stops its work before another can take the lease', async () => {
  const { clock, server } = setUp();
  const a = candidate(clock, server, 'a');
  await clock.advance(100);
  const b = candidate(clock, server, 'bb');
  await clock.advance(20_000);
  a.state.partitioned = true;
  let bothAtOnce = false;
  for (let i = 0; i < 400; i++) {
    await clock.advance(100);
    bothAtOnce ||= a.state.working && b.state.working;
  }
  expect(bothAtOnce).toBe(false);
  expect([a.state.working, b.state.working]).toEqual([false, true]);
  expect(a.state.reasons[0]).toBeInstanceOf(LeadershipLost);
  a.state.partitioned = false;
  b.stop();
  await clock.advance(10_000);
  expect([a.state.working, a.state.terms]).toEqual([true, 2]);
  a.stop();
  await clock.advance(0);
  await a.running;
});

test('a short outage of the server is ridden out', async () => {
  const { clock, server } = setUp();
  const a = candidate(clock, server, 'a');
  await clock.advance(5_000);
  a.state.partitioned = true;
  await clock.advance(5_000);
  a.state.partitioned = false;
  await clock.advance(60_000);
  expect([a.state.working, a.state.terms]).toEqual([true, 1]);
  a.stop();
  await clock.advance(0);
  await a.running;
});

test('another machine’s clock does not matter: a lease expires by how long it was seen unchanged', async () => {
  const { clock, server } = setUp();
  await server.create(leases, {
    metadata: lease,
    spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' },
  });
  const a = candidate(clock, server, 'a');
  await clock.advance(14_000);
  expect(a.state.working).toBe(false);
  await clock.advance(4_000);
  expect(a.state.working).toBe(true);
  a.stop();
  await clock.advance(0);
  await a.running;
});

test('the lease is released only after the work has ended', async () => {
  const { clock, server } = setUp();
  const a = candidate(clock, server, 'a', (work) => ({
    name: 'slow',
    async run(signal) {
      await work.run(signal);
      await clock.sleep(3_000);
    },
  }));
  await clock.advance(1_000);
  a.stop();
  await clock.advance(2_000);
  expect((await server.get(leases, lease)).spec?.holderIdentity).toBe('a');
  await clock.advance(2_000);
  expect((await server.get(leases, lease)).spec?.holderIdentity).toBe('');
  await a.running;
});

test('a runnable that fails ends it all, and the lease is released', async () => {
  const { clock, server } = setUp();
  const a = candidate(clock, server, 'a', () => ({
    name: 'broken',
    async run() {
      throw new Error('bug');
    },
  }));
  await clock.advance(10);
  await expect(a.running).rejects.toThrow('bug');
  expect((await server.get(leases, lease)).spec?.holderIdentity).toBe('');
});

test('times that cannot keep the promise are refused', async () => {
  const { clock, server } = setUp();
  const options = {
    client: server,
    lease,
    identity: 'a',
    clock,
    random: createSeededRandom(1),
    log: createSilentLog(),
  };
  const wrong = runLeaderElected({ ...options, renewDeadlineMs: 20_000 }, [], AbortSignal.abort());
  await expect(wrong).rejects.toThrow('retryPeriodMs < renewDeadlineMs < leaseDurationMs');
});
