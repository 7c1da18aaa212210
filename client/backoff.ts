import type { Random } from '#base/random.ts';

export interface BackoffOptions {
  readonly random: Random;
  readonly firstMs: number;
  readonly maxMs: number;
  /** Default 2. */
  readonly factor?: number | undefined;
  /** Each delay is stretched by up to this share of itself, so that many clients do not return at once. Default 1. */
  readonly jitter?: number | undefined;
}

export interface Backoff {
  /** The delay before the next attempt: grows with every call, never beyond `maxMs` × (1 + jitter). */
  nextMs(): number;
  /** After a success. */
  reset(): void;
}

export function createBackoff({ random, firstMs, maxMs, factor = 2, jitter = 1 }: BackoffOptions): Backoff {
  let delayMs = firstMs;
  return {
    nextMs() {
      const current = Math.min(delayMs, maxMs);
      delayMs = Math.min(current * factor, maxMs);
      return current * (1 + jitter * random.next());
    },
    reset() {
      delayMs = firstMs;
    },
  };
}
