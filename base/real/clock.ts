import type { Clock, Timer } from '../clock.ts';
import { sleepBy } from '../sleep.ts';

/** The machine's own time. */
export function createRealClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer,
    sleep: sleepBy(setTimer),
  };
}

/** setTimeout holds 31 bits of milliseconds; a longer delay would fire at once. */
const delayMaxMs = 2 ** 31 - 1;

function setTimer(delayMs: number, callback: () => void): Timer {
  const handle = setTimeout(callback, Math.min(Math.max(delayMs, 0), delayMaxMs));
  return { cancel: () => clearTimeout(handle) };
}
