import { expect, test } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import { createFreshness } from './freshness.ts';
import { createRevisionGate } from './revision-gate.ts';

const never = new AbortController().signal;

test('many readers share few questions, and none is answered by a question asked before it came', async () => {
  const clock = createVirtualClock();
  const inner = createMemoryStore({ clock });
  const gate = createRevisionGate(clock);
  const asked: (() => void)[] = [];
  const store = {
    ...inner,
    currentRevision: () => new Promise<number>((resolve) => asked.push(() => resolve(inner.currentRevision()))),
  };
  const freshness = createFreshness(store, gate);
  gate.pass(1);
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  const first = freshness.current(never);
  await settle();
  expect(asked).toHaveLength(1);
  const later = Array.from({ length: 100 }, () => freshness.current(never));
  await settle();
  expect(asked, 'the second question waits for the answer to the first').toHaveLength(1);

  asked[0]?.();
  expect(await first).toBe(1);
  await settle();
  expect(asked).toHaveLength(2);
  const { revision } = await inner.create('/a', Buffer.from('v'));
  asked[1]?.();
  let done = false;
  void Promise.all(later).then(() => {
    done = true;
  });
  await settle();
  expect(done, 'the cache has not passed the write yet').toBe(false);
  gate.pass(revision);
  expect(await Promise.all(later)).toEqual(later.map(() => revision));
});

test('a question that fails fails its readers, and the next ones ask again', async () => {
  const clock = createVirtualClock();
  const inner = createMemoryStore({ clock });
  const gate = createRevisionGate(clock);
  gate.pass(1);
  let fail = true;
  const store = {
    ...inner,
    currentRevision: async () => {
      if (fail) throw new Error('no answer');
      return inner.currentRevision();
    },
  };
  const freshness = createFreshness(store, gate);
  await expect(Promise.all([freshness.current(never), freshness.current(never)])).rejects.toThrow('no answer');
  fail = false;
  expect(await freshness.current(never)).toBe(1);
});
