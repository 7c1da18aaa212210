import type { Clock, Timer } from '../clock.ts';

/** The machine's own time. */
export function createRealClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          timer.cancel();
          reject(signal?.reason);
        };
        const timer = setTimer(delayMs, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}

/** setTimeout holds 31 bits of milliseconds; a longer delay would fire at once. */
const delayMaxMs = 2 ** 31 - 1;

function setTimer(delayMs: number, callback: () => void): Timer {
  const handle = setTimeout(callback, Math.min(Math.max(delayMs, 0), delayMaxMs));
  return { cancel: () => clearTimeout(handle) };
}
