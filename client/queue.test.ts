import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createWorkQueue, type WorkQueueOptions } from './queue.ts';

const signal = new AbortController().signal;

function setUp(options: Partial<WorkQueueOptions> = {}) {
  const clock = createVirtualClock();
  const queue = createWorkQueue({ clock, random: createSeededRandom(1), retryJitter: 0, ...options });
  return { clock, queue };
}

test('a key that is added many times is handed out once', async () => {
  const { queue } = setUp();
  for (let i = 0; i < 5; i++) queue.add('a');
  queue.add('b');
  expect(await queue.take(signal)).toBe('a');
  expect(await queue.take(signal)).toBe('b');
  expect(queue.ready).toBe(0);
});

test('a key that is added while it is worked on waits until that work has ended', async () => {
  const { queue } = setUp();
  queue.add('a');
  await queue.take(signal);
  queue.add('a');
  expect(queue.ready).toBe(0);
  queue.finish('a');
  expect(await queue.take(signal)).toBe('a');
});

test('finishing what nobody works on is a bug', () => {
  expect(() => setUp().queue.finish('a')).toThrow('"a" is not being worked on');
});

test('of several delays the earliest wins, and a delay runs out exactly once', async () => {
  const { clock, queue } = setUp();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  await clock.advance(99);
  expect(queue.ready).toBe(0);
  await clock.advance(1);
  expect(await queue.take(signal)).toBe('a');
  queue.finish('a');
  await clock.advance(10_000);
  expect(queue.ready).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('back-off doubles per key up to its limit, and starts over after forget', () => {
  const { queue } = setUp({ retryMaxMs: 30 });
  expect([1, 2, 3, 4, 5].map(() => queue.retry('a'))).toEqual([5, 10, 20, 30, 30]);
  expect(queue.retry('b')).toBe(5);
  expect(queue.failures('a')).toBe(5);
  queue.forget('a');
  expect(queue.retry('a')).toBe(5);
});

test('back-off reaches 1,000 s and stays there, however often it fails', () => {
  const { queue } = setUp({ retryJitter: 0.1 });
  const delays = Array.from({ length: 2000 }, () => queue.retry('a'));
  expect(Math.max(...delays)).toBe(1_000_000);
});

test('fresh keys come before retries, but a retry is not starved by them', async () => {
  const { clock, queue } = setUp();
  queue.retry('failed');
  await clock.advance(10);
  const order: (string | undefined)[] = [];
  for (let i = 0; i < 30; i++) {
    queue.add(`fresh-${i}`);
    order.push(await queue.take(signal));
  }
  expect(order[0]).toBe('fresh-0');
  expect(order).toContain('failed');
});

test('a retry that is touched by an event becomes fresh', async () => {
  const { clock, queue } = setUp();
  queue.retry('a');
  queue.retry('b');
  await clock.advance(10);
  queue.add('b');
  expect(await queue.take(signal)).toBe('b');
  expect(await queue.take(signal)).toBe('a');
  expect(queue.ready).toBe(0);
});

test('take waits for a key, and gives up when its signal aborts', async () => {
  const { queue } = setUp();
  const controller = new AbortController();
  const first = queue.take(controller.signal);
  const second = queue.take(signal);
  controller.abort();
  expect(await first).toBeUndefined();
  queue.add('a');
  expect(await second).toBe('a');
  expect(await queue.take(AbortSignal.abort())).toBeUndefined();
});

test('shutting down hands out what is ready, drops what is delayed, and frees those who wait', async () => {
  const { clock, queue } = setUp();
  queue.add('a');
  queue.addAfter('late', 100);
  queue.shutDown();
  queue.add('b');
  queue.addAfter('c', 1);
  expect(await queue.take(signal)).toBe('a');
  expect(await queue.take(signal)).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);

  const other = setUp();
  const waiting = other.queue.take(signal);
  other.queue.shutDown();
  expect(await waiting).toBeUndefined();
});

test('a full queue throws for new keys and still takes known ones', () => {
  const { queue } = setUp({ keysMax: 2 });
  queue.add('a');
  queue.addAfter('b', 10);
  queue.add('a');
  expect(() => queue.add('c')).toThrow('work queue is full: 2 keys are waiting');
});

test('no key is lost, doubled or worked on twice at once, whatever the order of operations', async () => {
  const operation = fc.record({
    verb: fc.constantFrom('add', 'addAfter', 'retry', 'take', 'finish', 'advance'),
    key: fc.constantFrom('a', 'b', 'c'),
    delayMs: fc.integer({ min: 0, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      const { clock, queue } = setUp();
      const working = new Set<string>();
      const owed = new Set<string>();
      const take = async (): Promise<void> => {
        const key = await queue.take(signal);
        if (key === undefined) throw new Error('take gave nothing');
        expect(working.has(key)).toBe(false);
        working.add(key);
        owed.delete(key);
      };
      for (const { verb, key, delayMs } of operations) {
        if (verb === 'add') queue.add(key);
        if (verb === 'addAfter') queue.addAfter(key, delayMs);
        if (verb === 'retry') queue.retry(key);
        if (verb === 'add' || verb === 'addAfter' || verb === 'retry') owed.add(key);
        if (verb === 'take' && queue.ready > 0) await take();
        if (verb === 'finish' && working.delete(key)) queue.finish(key);
        if (verb === 'advance') await clock.advance(delayMs);
      }
      for (const key of working) queue.finish(key);
      working.clear();
      await clock.advance(2_000_000);
      while (queue.ready > 0) await take();
      expect([...owed]).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
