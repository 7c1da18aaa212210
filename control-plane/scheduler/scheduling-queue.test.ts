import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSchedulingQueue } from './scheduling-queue.ts';
import { podInfo } from './testing.ts';

function setUp() {
  const clock = createVirtualClock();
  return { clock, queue: createSchedulingQueue(clock) };
}

const fit = new Set(['NodeResourcesFit']);
const names = (queue: ReturnType<typeof createSchedulingQueue>): string[] => {
  const taken: string[] = [];
  for (let pod = queue.take(); pod; pod = queue.take()) taken.push(pod.name);
  return taken;
};

test('priority first, then age; a new version keeps its place', async () => {
  const { clock, queue } = setUp();
  queue.put(podInfo('first'), false);
  await clock.advance(1);
  queue.put(podInfo('second'), false);
  queue.put(podInfo('urgent', { priority: 10 }), false);
  queue.put(podInfo('first', { labels: { new: 'yes' } }), true);
  expect(names(queue)).toEqual(['urgent', 'first', 'second']);
});

test('a parked pod is woken by what its plugins wait for, after its back-off, which doubles up to ten seconds', async () => {
  const { clock, queue } = setUp();
  const pod = podInfo('a');
  queue.put(pod, false);
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    expect(queue.take()?.name).toBe('a');
    queue.park(pod, fit);
    queue.wake('node-labels');
    expect(queue.counts.parked).toBe(1);
    queue.wake('pod-removed');
    const startMs = clock.now();
    await clock.runUntil(() => queue.counts.active === 1, 60_000);
    waits.push(clock.now() - startMs);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('without any event a parked pod is tried again after five minutes', async () => {
  const { clock, queue } = setUp();
  const pod = podInfo('a');
  queue.put(pod, false);
  queue.take();
  queue.park(pod, fit);
  await clock.advance(299_999);
  expect(queue.counts).toEqual({ active: 0, backingOff: 0, parked: 1 });
  await clock.advance(1);
  expect(queue.counts).toEqual({ active: 1, backingOff: 0, parked: 0 });
});

test('a pod that no plugin refused is woken by any event; a changed one at once', async () => {
  const { clock, queue } = setUp();
  const pod = podInfo('a');
  queue.put(pod, false);
  queue.take();
  queue.park(pod, new Set());
  await clock.advance(2000);
  queue.wake('namespace');
  expect(names(queue)).toEqual(['a']);
  queue.park(pod, fit);
  await clock.advance(5000);
  queue.put(pod, false);
  expect(queue.counts.parked).toBe(1);
  queue.put(pod, true);
  expect(names(queue)).toEqual(['a']);
});

test('a removed pod is gone from wherever it was, and starts anew when it comes back', async () => {
  const { clock, queue } = setUp();
  const pod = podInfo('a');
  queue.put(pod, false);
  queue.remove(pod.uid);
  expect(names(queue)).toEqual([]);
  queue.put(pod, false);
  queue.take();
  queue.retry(pod);
  queue.remove(pod.uid);
  await clock.advance(600_000);
  expect(queue.counts).toEqual({ active: 0, backingOff: 0, parked: 0 });
  expect(clock.pendingTimers).toBe(0);
});

test('waiting ends with a pod or with the signal; closing ends the timer', async () => {
  const { clock, queue } = setUp();
  const pod = podInfo('a');
  const first = queue.waitForPod(new AbortController().signal);
  queue.put(pod, false);
  await first;
  queue.take();
  queue.retry(pod);
  const stop = new AbortController();
  const second = queue.waitForPod(stop.signal);
  stop.abort();
  await second;
  queue.close();
  expect(clock.pendingTimers).toBe(0);
});

test('every pod that was put and not removed comes out in the end, once per time it was handed in', async () => {
  const step = fc.record({
    verb: fc.constantFrom('put', 'take', 'park', 'retry', 'remove', 'wake', 'advance'),
    id: fc.integer({ min: 0, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, queue } = setUp();
      const all = [0, 1, 2, 3].map((id) => podInfo(`p${id}`));
      const waiting = new Set<string>();
      const taken = new Set<string>();
      for (const { verb, id } of steps) {
        const pod = all[id] ?? podInfo('none');
        if (verb === 'put' && !taken.has(pod.uid)) {
          queue.put(pod, true);
          waiting.add(pod.uid);
        }
        const got = verb === 'take' ? queue.take() : undefined;
        if (got) {
          expect(waiting.delete(got.uid)).toBe(true);
          taken.add(got.uid);
        }
        if ((verb === 'park' || verb === 'retry') && taken.delete(pod.uid)) {
          if (verb === 'park') queue.park(pod, fit);
          else queue.retry(pod);
          waiting.add(pod.uid);
        }
        if (verb === 'remove') {
          queue.remove(pod.uid);
          waiting.delete(pod.uid);
          taken.delete(pod.uid);
        }
        if (verb === 'wake') queue.wake('pod-removed');
        if (verb === 'advance') await clock.advance(700);
        const { active, backingOff, parked } = queue.counts;
        expect(active + backingOff + parked).toBe(waiting.size);
      }
      await clock.advance(600_000);
      const rest: string[] = [];
      for (let pod = queue.take(); pod; pod = queue.take()) rest.push(pod.uid);
      expect(rest.sort()).toEqual([...waiting].sort());
    }),
    { numRuns: 60 },
  );
});
