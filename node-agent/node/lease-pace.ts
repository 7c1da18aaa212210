/** Within the time that a dead machine is noticed in (4 s by default), four attempts: 0, 0.7, 1.6 and 2.8 s. */
const hedgeMs = 700;
const hedgeMaxMs = 1_500;
const growth = 1.3;
/** A server that answers slowly is not asked twice for that alone. */
const usualAnswers = 3;
const smoothing = 0.2;
const gapMaxMs = 2_000;
/** What nodes may ask of a server that answers nobody: connections begun, per second, by all of them. */
const connectionsPerSecond = 200;
const attemptMs = 3_000;
const hastyAttempts = 4;
const patientAttemptMs = 10_000;

/**
 * How long an unanswered renewal waits before the next goes out beside it, on a connection of its own, and how long
 * each may take. The first ones come in haste: a packet may be lost, a connection dead. Then the gaps and the limits
 * grow: a new connection is the dearest request that there is, and a server that is too busy to finish one before it
 * is given up would never answer anybody again.
 */
export interface LeasePace {
  /** An attempt went out. */
  launched(): void;
  /** A renewal succeeded, this long after it was sent. */
  renewed(answerMs: number): void;
  /** From the latest attempt to the next, while nothing answers. */
  gapMs(): number;
  /** How long the next attempt may take. */
  limitMs(): number;
}

/** `nodeCount` is asked at each call: all nodes together keep to one bound. */
export function createLeasePace(nodeCount: () => number): LeasePace {
  let usualMs = 0;
  let launches = 0;
  return {
    launched() {
      launches += 1;
    },
    renewed(answerMs) {
      // The answer to a hedge says as much: it is how long the server takes.
      usualMs += (answerMs - usualMs) * smoothing;
      launches = 0;
    },
    gapMs() {
      const firstMs = Math.min(hedgeMaxMs, Math.max(hedgeMs, usualMs * usualAnswers));
      const mostMs = Math.max(gapMaxMs, (nodeCount() / connectionsPerSecond) * 1_000);
      return Math.min(mostMs, firstMs * growth ** Math.max(0, launches - 1));
    },
    limitMs: () => (launches < hastyAttempts ? attemptMs : patientAttemptMs),
  };
}
