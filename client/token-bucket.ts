import type { Clock } from '#base/clock.ts';

export interface TokenBucket {
  /** Takes a token if there is one. */
  take(): boolean;
}

/** Starts full with `burst` tokens; one comes back every `refillMs`. */
export function createTokenBucket(clock: Clock, burst: number, refillMs: number): TokenBucket {
  let tokens = burst;
  let atMs = clock.monotonicMs();
  return {
    take() {
      const nowMs = clock.monotonicMs();
      tokens = Math.min(burst, tokens + (nowMs - atMs) / refillMs);
      atMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
