import { beforeEach, describe, expect, it } from 'vitest';
import { fenceAnnotation } from '#api/fence.ts';
import type { V1Pod } from '#api/generated/types.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createMemoryBook, type MemoryBook } from './book.ts';
import { createFence, type Fence } from './fence.ts';

const pod: V1Pod = { metadata: { name: 'p', uid: 'p', annotations: { [fenceAnnotation]: 'true' } } };
let clock: VirtualClock;
let book: MemoryBook;
let said: string[];

const start = (seconds = 6): Fence => {
  const fence = createFence({ seconds, book, clock, log: createSilentLog() });
  fence.onChange((verdict) => said.push(verdict));
  void fence.run(new AbortController().signal);
  return fence;
};
const renew = (fence: Fence, sentAgoMs = 0): void => fence.renewed(book.uptimeMs() - sentAgoMs);
const confirm = async (fence: Fence): Promise<void> => {
  await fence.admit('p', '/berth/podp');
  fence.confirm('p', fence.contact);
};

beforeEach(() => {
  clock = createVirtualClock();
  const startMs = clock.monotonicMs();
  book = createMemoryBook(() => clock.monotonicMs() - startMs);
  said = [];
});

describe('the fence', () => {
  it('covers pods of StatefulSets and those that ask for it', () => {
    const fence = start();
    const owned = (kind: string): V1Pod => ({
      metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'x', controller: true }] },
    });
    expect([pod, owned('StatefulSet'), owned('ReplicaSet'), {}].map(fence.covers)).toEqual([true, true, false, false]);
    expect(start(0).covers(pod)).toBe(false);
  });

  it('lets nothing run before the first renewal, nor before it is confirmed', async () => {
    const fence = start();
    expect(fence.verdict(pod, false)).toBe('stop');
    renew(fence);
    expect(fence.verdict(pod, false)).toBe('ask');
    await confirm(fence);
    expect(fence.verdict(pod, true)).toBe('run');
  });

  it('stops early enough to have stopped when the promise is due, counted from when the renewal was sent', async () => {
    const fence = start();
    renew(fence, 1_000);
    await confirm(fence);
    await clock.advance(3_499);
    expect(fence.verdict(pod, true)).toBe('run');
    await clock.advance(2);
    expect(said).toEqual(['run', 'stop']);
    expect(fence.verdict(pod, true)).toBe('stop');
    expect(book.record.deadlineMs).toBe(5_000);
  });

  it('holds on for as long as renewals come in time', async () => {
    const fence = start();
    renew(fence);
    await confirm(fence);
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      renew(fence);
    }
    expect([fence.verdict(pod, true), said]).toEqual(['run', ['run']]);
  });

  it('asks anew after each loss of contact; an answer of before does not count', async () => {
    const fence = start();
    renew(fence);
    await confirm(fence);
    const before = fence.contact;
    await clock.advance(10_000);
    renew(fence);
    expect(fence.verdict(pod, false)).toBe('ask');
    fence.confirm('p', before);
    expect(fence.verdict(pod, false)).toBe('ask');
    fence.confirm('p', fence.contact);
    expect(fence.verdict(pod, false)).toBe('run');
  });

  it('an answer that comes when the promise is due is no contact', async () => {
    const fence = start();
    await clock.advance(10_000);
    renew(fence, 5_000);
    expect(fence.verdict(pod, false)).toBe('stop');
  });

  it('gives up at once when the server has, and does not renew before all has stopped', async () => {
    const fence = start();
    let alive = true;
    fence.guard(() => alive);
    renew(fence);
    await confirm(fence);
    await clock.advance(500);
    fence.taken();
    expect(fence.verdict(pod, true)).toBe('stop');
    expect(book.record.deadlineMs).toBe(0);
    renew(fence, 400);
    expect(fence.verdict(pod, true)).toBe('stop');
    expect(fence.mayRenew()).toBe(false);
    alive = false;
    expect(fence.mayRenew()).toBe(true);
  });

  it('a new process goes on where the old one was, with what runs; what does not run is asked for', async () => {
    const first = start();
    renew(first);
    await confirm(first);
    await clock.advance(1_000);
    const second = start();
    expect(second.verdict(pod, true)).toBe('run');
    const third = start();
    expect(third.verdict(pod, false)).toBe('ask');
    await clock.advance(10_000);
    expect(start().verdict(pod, true)).toBe('stop');
  });

  it('knows what it has begun to cover even when the object is gone', async () => {
    const fence = start();
    await fence.admit('p', '/berth/podp');
    expect(fence.covers({ metadata: { uid: 'p' } })).toBe(true);
    expect(start().covers({ metadata: { uid: 'p' } })).toBe(true);
    fence.dismiss('p');
    expect(fence.covers({ metadata: { uid: 'p' } })).toBe(false);
    expect(book.record.pods.size).toBe(0);
  });
});
