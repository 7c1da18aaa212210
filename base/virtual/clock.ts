import type { Clock, Timer } from '../clock.ts';
import { sleepBy } from '../sleep.ts';

export interface VirtualClock extends Clock {
  /**
   * Moves time forward to the next timer and runs it, once all promises that can settle without time have settled.
   * Returns false when no timer is pending or the next one is later than `untilMs`.
   */
  step(untilMs?: number): Promise<boolean>;
  /** Runs every timer that is due within `durationMs` of virtual time, then stands at its end. */
  advance(durationMs: number): Promise<void>;
  /** Steps until `condition` holds; throws after `budgetMs` of virtual time. */
  runUntil(condition: () => boolean, budgetMs: number): Promise<void>;
  readonly pendingTimers: number;
}

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves only when it is told to. Timers that are due at the same moment run in the order they were set. */
export function createVirtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = startMs;
  let order = 0;
  const pending = new Set<PendingTimer>();

  const setTimer = (delayMs: number, callback: () => void): Timer => {
    const timer: PendingTimer = { dueMs: nowMs + Math.max(0, delayMs), order: order++, callback };
    pending.add(timer);
    return { cancel: () => pending.delete(timer) };
  };

  const earliest = (): PendingTimer | undefined => {
    let first: PendingTimer | undefined;
    for (const timer of pending) if (!first || isBefore(timer, first)) first = timer;
    return first;
  };

  const step = async (untilMs = Number.POSITIVE_INFINITY): Promise<boolean> => {
    await settle();
    const timer = earliest();
    if (!timer || timer.dueMs > untilMs) return false;
    pending.delete(timer);
    nowMs = timer.dueMs;
    timer.callback();
    await settle();
    return true;
  };

  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer,
    sleep: sleepBy(setTimer),
    step,
    async advance(durationMs) {
      const endMs = nowMs + durationMs;
      while (await step(endMs));
      nowMs = endMs;
    },
    async runUntil(condition, budgetMs) {
      const endMs = nowMs + budgetMs;
      await settle();
      while (!condition()) {
        if (!(await step(endMs))) throw new Error(`not reached within ${budgetMs} ms of virtual time`);
      }
    },
    get pendingTimers() {
      return pending.size;
    },
  };
}

function isBefore(a: PendingTimer, b: PendingTimer): boolean {
  return a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.order < b.order;
}

/**
 * Lets every promise chain run dry. setImmediate runs after all microtasks, whatever their depth;
 * code under a virtual clock does no I/O, so nothing else can be under way.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
