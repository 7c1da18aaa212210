import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { statusOf } from '#test/harness/status-of.ts';
import { createRevisionGate } from './revision-gate.ts';

const never = new AbortController().signal;

describe('the revision gate', () => {
  test('opens when the caches have passed the revision', async () => {
    const gate = createRevisionGate(createVirtualClock());
    const opened: number[] = [];
    const waits = [5, 3, 9].map(async (revision) => {
      await gate.wait(revision, never);
      opened.push(revision);
    });
    gate.pass(4);
    await gate.wait(4, never);
    expect(opened).toEqual([3]);
    gate.pass(9);
    gate.pass(2);
    await Promise.all(waits);
    expect(gate.revision).toBe(9);
  });

  test('gives up after a while and says how far it is', async () => {
    const clock = createVirtualClock();
    const gate = createRevisionGate(clock);
    gate.pass(4);
    const waiting = statusOf(gate.wait(5, never));
    await clock.advance(3000);
    expect(await waiting).toMatchObject({ code: 504, message: 'Too large resource version: 5, current: 4' });
    expect(clock.pendingTimers).toBe(0);
  });

  test('lets go of those who give up, and of all when it closes', async () => {
    const clock = createVirtualClock();
    const gate = createRevisionGate(clock);
    const stop = new AbortController();
    const given = gate.wait(5, stop.signal).catch((error: unknown) => error);
    const kept = statusOf(gate.wait(5, never));
    stop.abort('enough');
    expect(await given).toBe('enough');
    await expect(gate.wait(5, stop.signal)).rejects.toBe('enough');
    gate.close();
    expect(await kept).toMatchObject({ code: 503 });
    expect(await statusOf(gate.wait(1, never))).toMatchObject({ code: 503 });
    expect(clock.pendingTimers).toBe(0);
  });

  test('opens for nobody before the caches have been filled, and again after a reset', async () => {
    const gate = createRevisionGate(createVirtualClock());
    let open = false;
    const wait = async () => {
      await gate.wait(0, never);
      open = true;
    };
    const first = wait();
    await Promise.resolve();
    expect(open).toBe(false);
    gate.pass(1);
    await first;
    gate.reset();
    open = false;
    const second = wait();
    await Promise.resolve();
    expect(open).toBe(false);
    gate.pass(1);
    await second;
  });
});
