import type { Clock } from '#base/clock.ts';

/** How long each key must wait after its failures in a row: 10 s, 20 s, … 5 min, as Kubernetes. */
export interface BackOff {
  /** Milliseconds since the epoch until which the key must wait; undefined when it may go on. */
  waitUntilMs(key: string): number | undefined;
  failed(key: string): void;
  succeeded(key: string): void;
}

interface Entry {
  readonly delayMs: number;
  /** On the monotonic clock: one that is set back must not make anybody wait. */
  readonly failedAtMs: number;
}

const keysMax = 10_000;

export function createBackOff(clock: Clock, initialMs: number, maxMs: number): BackOff {
  const entries = new Map<string, Entry>();

  /** A key that has not failed for twice the longest delay starts over. */
  const isForgotten = ({ failedAtMs }: Entry): boolean => clock.monotonicMs() - failedAtMs > 2 * maxMs;

  const prune = (): void => {
    for (const [key, entry] of entries) if (isForgotten(entry)) entries.delete(key);
    for (const key of entries.keys()) {
      if (entries.size < keysMax) break;
      entries.delete(key);
    }
  };

  return {
    waitUntilMs(key) {
      const entry = entries.get(key);
      const leftMs = entry ? entry.failedAtMs + entry.delayMs - clock.monotonicMs() : 0;
      return leftMs > 0 ? clock.now() + Math.ceil(leftMs) : undefined;
    },
    failed(key) {
      const old = entries.get(key);
      const delayMs = old && !isForgotten(old) ? Math.min(old.delayMs * 2, maxMs) : initialMs;
      if (!old && entries.size >= keysMax) prune();
      entries.set(key, { delayMs, failedAtMs: clock.monotonicMs() });
    },
    succeeded: (key) => void entries.delete(key),
  };
}
