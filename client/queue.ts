import type { Clock, Timer } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { createFifo } from './fifo.ts';
import { createHeap } from './heap.ts';

/**
 * Keys that wait for work. A key is in it at most once, and is never handed out again before `finish` was called for
 * it: what is added meanwhile waits. Fresh keys come before retries, but cannot starve them.
 */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key later. Where several delays are pending for it, the earliest wins. */
  addAfter(key: string, delayMs: number): void;
  /** Adds the key after its own back-off, which doubles with each call until `forget`. Returns the delay. */
  retry(key: string): number;
  /** Ends the key's back-off: its next retry is the first again. */
  forget(key: string): void;
  /** How often the key was retried since it was last forgotten. */
  failures(key: string): number;
  /** The next key; waits for one. Undefined once the queue is shut down and empty, or when the signal aborts. */
  take(signal: AbortSignal): Promise<string | undefined>;
  /** The work on a key that `take` gave has ended. */
  finish(key: string): void;
  /** Takes no more keys and drops those that are delayed; the ready ones can still be taken. Idempotent. */
  shutDown(): void;
  /** Keys that can be taken now. */
  readonly ready: number;
  /** Keys that are being worked on. */
  readonly active: number;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** First back-off; default 5 ms. */
  readonly retryFirstMs?: number | undefined;
  /** Largest back-off; default 1,000 s. */
  readonly retryMaxMs?: number | undefined;
  /** Back-offs are stretched by up to this share; default 0.1. */
  readonly retryJitter?: number | undefined;
  /** Keys it may hold; more is a bug, and throws. Default 1,000,000. */
  readonly keysMax?: number | undefined;
}

type Rank = 'fresh' | 'retry';

interface Delayed {
  readonly key: string;
  readonly dueMs: number;
  readonly rank: Rank;
  readonly order: number;
}

/** A waiting retry goes after this many fresh keys in a row. */
const freshRunMax = 20;

/** A delay that an earlier one replaced stays in the heap until the stale ones outnumber the others by this. */
const staleMax = 64;

const isDueBefore = (a: Delayed, b: Delayed): boolean => (a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.order < b.order);

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, random, retryFirstMs = 5, retryMaxMs = 1_000_000, retryJitter = 0.1, keysMax = 1_000_000 } = options;
  const lines = { fresh: createFifo<string>(), retry: createFifo<string>() };
  const ranks = new Map<string, Rank>();
  const working = new Set<string>();
  const again = new Map<string, Rank>();
  const failures = new Map<string, number>();
  let delays = createHeap(isDueBefore);
  const delayOf = new Map<string, Delayed>();
  const takers = createFifo<{ give: ((key: string | undefined) => void) | undefined }>();
  let timer: { readonly handle: Timer; readonly dueMs: number } | undefined;
  let order = 0;
  let freshRun = 0;
  let closed = false;

  const checkBound = (key: string): void => {
    if (ranks.size + again.size + delayOf.size < keysMax || ranks.has(key) || again.has(key) || delayOf.has(key))
      return;
    throw new Error(`work queue is full: ${keysMax} keys are waiting`);
  };

  const push = (key: string, rank: Rank): void => {
    if (closed) return;
    const at = working.has(key) ? again : ranks;
    const current = at.get(key);
    if (current === 'fresh' || current === rank) return;
    checkBound(key);
    at.set(key, rank);
    if (at === again) return;
    lines[rank].push(key);
    serve();
  };

  /** Keys that changed their rank leave a stale entry in the other line. */
  const shiftRank = (rank: Rank): string | undefined => {
    for (let key = lines[rank].shift(); key !== undefined; key = lines[rank].shift()) {
      if (ranks.get(key) === rank) return key;
    }
    return undefined;
  };

  const next = (): string | undefined => {
    const retryFirst = freshRun >= freshRunMax;
    const first = shiftRank(retryFirst ? 'retry' : 'fresh');
    const key = first ?? shiftRank(retryFirst ? 'fresh' : 'retry');
    if (key === undefined) return undefined;
    freshRun = ranks.get(key) === 'fresh' ? freshRun + 1 : 0;
    ranks.delete(key);
    working.add(key);
    return key;
  };

  const serve = (): void => {
    while (ranks.size > 0) {
      const taker = takers.shift();
      if (!taker) return;
      if (taker.give) taker.give(next());
    }
    if (!closed) return;
    for (let taker = takers.shift(); taker; taker = takers.shift()) taker.give?.(undefined);
  };

  const release = (): void => {
    timer = undefined;
    const nowMs = clock.monotonicMs();
    for (let first = delays.peek(); first && first.dueMs <= nowMs; first = delays.peek()) {
      delays.pop();
      if (delayOf.get(first.key) !== first) continue;
      delayOf.delete(first.key);
      push(first.key, first.rank);
    }
    arm();
  };

  const arm = (): void => {
    let first = delays.peek();
    while (first && delayOf.get(first.key) !== first) {
      delays.pop();
      first = delays.peek();
    }
    if (!first || (timer && timer.dueMs <= first.dueMs)) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(first.dueMs - clock.monotonicMs(), release), dueMs: first.dueMs };
  };

  const delay = (key: string, delayMs: number, rank: Rank): void => {
    if (closed) return;
    if (delayMs <= 0) {
      push(key, rank);
      return;
    }
    const dueMs = clock.monotonicMs() + delayMs;
    const pending = delayOf.get(key);
    if (pending && pending.dueMs <= dueMs) return;
    checkBound(key);
    const entry: Delayed = { key, dueMs, rank, order: order++ };
    delayOf.set(key, entry);
    delays.push(entry);
    if (delays.size > 2 * delayOf.size + staleMax) {
      delays = createHeap(isDueBefore);
      for (const live of delayOf.values()) delays.push(live);
    }
    arm();
  };

  return {
    add: (key) => push(key, 'fresh'),
    addAfter: (key, delayMs) => delay(key, delayMs, 'fresh'),
    retry(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      const baseMs = Math.min(retryFirstMs * 2 ** Math.min(count, 60), retryMaxMs);
      const delayMs = Math.min(baseMs * (1 + retryJitter * random.next()), retryMaxMs);
      delay(key, delayMs, 'retry');
      return delayMs;
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
    take(signal) {
      if (signal.aborted) return Promise.resolve(undefined);
      const key = next();
      if (key !== undefined || closed) return Promise.resolve(key);
      return new Promise((resolve) => {
        const settle = (value: string | undefined): void => {
          taker.give = undefined;
          signal.removeEventListener('abort', onAbort);
          resolve(value);
        };
        const onAbort = (): void => settle(undefined);
        const taker: { give: ((key: string | undefined) => void) | undefined } = { give: settle };
        signal.addEventListener('abort', onAbort, { once: true });
        takers.push(taker);
      });
    },
    finish(key) {
      if (!working.delete(key)) throw new Error(`${JSON.stringify(key)} is not being worked on`);
      const rank = again.get(key);
      if (rank === undefined) return;
      again.delete(key);
      ranks.set(key, rank);
      lines[rank].push(key);
      serve();
    },
    shutDown() {
      closed = true;
      timer?.handle.cancel();
      timer = undefined;
      delayOf.clear();
      serve();
    },
    get ready() {
      return ranks.size;
    },
    get active() {
      return working.size;
    },
  };
}
