import { describe, expect, it } from 'vitest';
import { createVirtualClock } from './clock.ts';

describe('the virtual clock', () => {
  it('runs timers in order of time, and in the order they were set where times are equal', async () => {
    const clock = createVirtualClock(0);
    const ran: string[] = [];
    clock.setTimer(20, () => ran.push('late'));
    clock.setTimer(10, () => ran.push('first'));
    clock.setTimer(10, () => ran.push('second'));
    await clock.advance(15);
    expect(ran).toEqual(['first', 'second']);
    expect(clock.now()).toBe(15);
    await clock.advance(5);
    expect(ran).toEqual(['first', 'second', 'late']);
  });

  it('does not run what was cancelled', async () => {
    const clock = createVirtualClock();
    let ran = false;
    const timer = clock.setTimer(5, () => {
      ran = true;
    });
    timer.cancel();
    timer.cancel();
    await clock.advance(10);
    expect([ran, clock.pendingTimers]).toEqual([false, 0]);
  });

  it('sleeps until its time, or until the signal aborts with its reason', async () => {
    const clock = createVirtualClock(0);
    const slept = clock.sleep(100).then(() => clock.now());
    const abort = new AbortController();
    const broken = clock.sleep(100, abort.signal).catch((error: unknown) => error);
    abort.abort('enough');
    expect(await broken).toBe('enough');
    await clock.advance(100);
    expect(await slept).toBe(100);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets promise chains that a timer starts run dry before the next one', async () => {
    const clock = createVirtualClock(0);
    const ran: string[] = [];
    clock.setTimer(1, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => ran.push('chain'));
    });
    clock.setTimer(2, () => ran.push('timer'));
    await clock.advance(2);
    expect(ran).toEqual(['chain', 'timer']);
  });

  it('says after how much virtual time it gave up', async () => {
    const clock = createVirtualClock();
    await expect(clock.runUntil(() => false, 50)).rejects.toThrow('not reached within 50 ms of virtual time');
  });
});
