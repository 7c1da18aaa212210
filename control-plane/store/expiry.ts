import type { Clock, Timer } from '#base/clock.ts';

/** Deletes keys when their time is over; keys that expire in the same window share one timer. */
export interface Expiry {
  /** Replaces what was set before; undefined: the key stays. */
  set(key: string, ttlSeconds: number | undefined): void;
  close(): void;
}

interface Window {
  readonly keys: Set<string>;
  readonly timer: Timer;
}

export function createExpiry(clock: Clock, onExpired: (keys: readonly string[]) => void): Expiry {
  const windows = new Map<number, Window>();
  const windowOfKey = new Map<string, number>();

  const openWindow = (dueMs: number): Window => {
    const timer = clock.setTimer(dueMs - clock.now(), () => {
      const keys = [...(windows.get(dueMs)?.keys ?? [])];
      windows.delete(dueMs);
      for (const key of keys) windowOfKey.delete(key);
      onExpired(keys);
    });
    const window = { keys: new Set<string>(), timer };
    windows.set(dueMs, window);
    return window;
  };

  return {
    set(key, ttlSeconds) {
      const before = windowOfKey.get(key);
      if (before !== undefined) {
        windows.get(before)?.keys.delete(key);
        windowOfKey.delete(key);
      }
      if (ttlSeconds === undefined) return;
      const widthMs = ttlWindowMs(ttlSeconds);
      const dueMs = Math.ceil((clock.now() + ttlSeconds * 1000) / widthMs) * widthMs;
      (windows.get(dueMs) ?? openWindow(dueMs)).keys.add(key);
      windowOfKey.set(key, dueMs);
    },
    close() {
      for (const { timer } of windows.values()) timer.cancel();
      windows.clear();
      windowOfKey.clear();
    },
  };
}

/** How much later than asked a key may vanish, so that many keys share a timer or a lease: 5 %, at most a minute. */
export const ttlWindowMs = (ttlSeconds: number): number => Math.min(60_000, Math.max(1000, ttlSeconds * 50));
