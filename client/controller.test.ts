import { expect, test } from 'vitest';
import { configMaps } from '#api/kinds.ts';
import type { ObjectKey } from '#api/meta.ts';
import { staleVersion } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { type ControllerOptions, createController } from './controller.ts';
import { createInformerFactory } from './informers/factory.ts';
import { after, done, ReconcileTimeout, TerminalError } from './reconciler.ts';
import { forObject, mapped, ownedBy } from './sources.ts';
import { createMemoryClient } from './testing/memory-client.ts';

function setUp(options: Partial<ControllerOptions> & Pick<ControllerOptions, 'reconcile'>) {
  const clock = createVirtualClock();
  const random = createSeededRandom(3);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  const informers = createInformerFactory(client, { clock, random, log });
  const informer = informers.informer(configMaps);
  const stop = new AbortController();
  const controller = createController({
    name: 'test',
    sources: [forObject(informer)],
    clock,
    random,
    log,
    ...options,
  });
  const start = async () => {
    informers.start(stop.signal);
    const running = controller.run(stop.signal);
    await clock.advance(0);
    return async () => {
      stop.abort(new Error('stopped'));
      await running;
      await informers.stopped();
    };
  };
  return { clock, client, informer, controller, start };
}

const map = (name: string) => ({ metadata: { namespace: 'default', name } });

test('every object is reconciled at the start and after each change', async () => {
  const keys: ObjectKey[] = [];
  const { client, clock, controller, start } = setUp({
    async reconcile(_signal, key) {
      keys.push(key);
      return done;
    },
  });
  await client.create(configMaps, map('a'));
  const stop = await start();
  expect(keys).toEqual([{ namespace: 'default', name: 'a' }]);
  await client.create(configMaps, map('b'));
  await client.delete(configMaps, { namespace: 'default', name: 'a' });
  await clock.advance(0);
  expect(keys.map((key) => key.name)).toEqual(['a', 'b', 'a']);
  expect(controller.outcomes.done).toBe(3);
  expect(controller.idle).toBe(true);
  await stop();
  expect(clock.pendingTimers).toBe(0);
});

test('an error is retried with back-off until it succeeds; a conflict too', async () => {
  let calls = 0;
  const { clock, controller, start } = setUp({
    async reconcile() {
      calls += 1;
      if (calls === 1) throw staleVersion(configMaps, 'a');
      if (calls < 5) throw new Error('not yet');
      return done;
    },
  });
  controller.enqueue({ name: 'a' });
  const stop = await start();
  await clock.advance(1000);
  expect(controller.outcomes).toMatchObject({ conflict: 1, error: 3, done: 1 });
  await stop();
});

test('a terminal error is not retried until the object changes', async () => {
  const { clock, client, controller, start } = setUp({
    async reconcile() {
      throw new TerminalError('the spec makes no sense');
    },
  });
  await client.create(configMaps, map('a'));
  const stop = await start();
  await clock.advance(3_600_000);
  expect(controller.outcomes.terminal).toBe(1);
  await client.update(configMaps, { ...map('a'), data: { x: 'y' } });
  await clock.advance(0);
  expect(controller.outcomes.terminal).toBe(2);
  await stop();
});

test('`after` looks again at its time', async () => {
  const times: number[] = [];
  const { clock, controller, start } = setUp({
    async reconcile() {
      times.push(clock.now());
      return times.length < 3 ? after(10_000) : done;
    },
  });
  controller.enqueue({ name: 'a' });
  const stop = await start();
  await clock.advance(60_000);
  expect(times.map((at) => at - (times[0] ?? 0))).toEqual([0, 10_000, 20_000]);
  await stop();
});

test('a pass that takes too long is told so by its signal, and tried again', async () => {
  const reasons: unknown[] = [];
  const { clock, controller, start } = setUp({
    timeoutMs: 1000,
    reconcile: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      }),
  });
  controller.enqueue({ namespace: 'default', name: 'a' });
  const stop = await start();
  await clock.advance(1500);
  expect(controller.outcomes.timeout).toBe(1);
  expect(reasons[0]).toBeInstanceOf(ReconcileTimeout);
  expect(String(reasons[0])).toContain('worked on default/a for more than 1000 ms');
  await stop();
});

test('no key is worked on twice at once, and no more keys than allowed', async () => {
  const working = new Set<string>();
  let most = 0;
  const { clock, controller, start } = setUp({
    concurrency: 3,
    async reconcile(signal, key) {
      expect(working.has(key.name)).toBe(false);
      working.add(key.name);
      most = Math.max(most, working.size);
      await clock.sleep(10, signal);
      working.delete(key.name);
      return done;
    },
  });
  const stop = await start();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 10; i++) controller.enqueue({ name: `k${i}` });
    await clock.advance(7);
  }
  await clock.advance(1000);
  expect(most).toBe(3);
  expect(controller.idle).toBe(true);
  await stop();
});

test('run ends only after the passes under way have ended, and their signals abort', async () => {
  let ended = false;
  const { clock, controller, start } = setUp({
    async reconcile(signal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await clock.sleep(0).catch(() => undefined);
      ended = true;
      return done;
    },
  });
  controller.enqueue({ name: 'a' });
  const stop = await start();
  const stopping = stop();
  await clock.advance(10);
  await stopping;
  expect(ended).toBe(true);
});

test('sources name owners and whatever a function maps to', async () => {
  const { client, clock, informer, start } = setUp({ reconcile: async () => done });
  const stop = await start();
  const owned: string[] = [];
  const named: string[] = [];
  ownedBy(informer, 'Deployment').attach((key) => owned.push(`${key.namespace}/${key.name}`));
  mapped(informer, (object) => [{ name: object.data?.to ?? '' }]).attach((key) => named.push(key.name));
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u' };
  const controlled = { ...map('a').metadata, ownerReferences: [{ ...owner, controller: true }] };
  await client.create(configMaps, { metadata: controlled, data: { to: 'x' } });
  await client.create(configMaps, { metadata: { ...map('b').metadata, ownerReferences: [owner] }, data: { to: 'y' } });
  await client.update(configMaps, { metadata: controlled, data: { to: 'z' } });
  await clock.advance(0);
  expect(owned).toEqual(['default/web', 'default/web']);
  expect(named).toEqual(['x', 'y', 'x', 'z']);
  await stop();
});
