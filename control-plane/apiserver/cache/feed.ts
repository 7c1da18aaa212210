import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { isStoreError } from '../../store/errors.ts';
import type { Revision, Store, StoreChange, StoreEntry } from '../../store/store.ts';
import { createRevisionGate, type RevisionGate } from './revision-gate.ts';

/** One kind's end of the feed: gets everything whose key is under its path. */
export interface FeedTarget {
  /** Under the feed's prefix, without slashes at the ends: `pods`, `services/specs`. */
  readonly path: string;
  /** `resumableFrom`: the oldest version a watcher may come back with. */
  reset(entries: readonly StoreEntry[], revision: Revision, resumableFrom: Revision): void;
  apply(change: StoreChange): void;
  bookmark(revision: Revision): void;
  close(): void;
}

/** One watch over the whole prefix that keeps every kind's cache current. */
export interface CacheFeed {
  /** All changes up to this revision are in the caches; 0 until the first list. */
  readonly revision: Revision;
  /** False while the store cannot be reached. */
  readonly live: boolean;
  readonly gate: RevisionGate;
  /** Runs until the signal aborts; never gives up. */
  run(signal: AbortSignal): Promise<void>;
  /** Before it runs. */
  register(target: FeedTarget): void;
  /** While it runs; resolves when the target has been filled. */
  join(target: FeedTarget, signal: AbortSignal): Promise<void>;
  remove(target: FeedTarget): void;
}

export interface FeedOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** `/registry/` */
  readonly prefix: string;
  readonly bookmarkPeriodMs: number;
}

const pageEntries = 500;
const backoffMinMs = 100;
const backoffMaxMs = 5000;

export function createCacheFeed({ store, clock, log, prefix, bookmarkPeriodMs }: FeedOptions): CacheFeed {
  const targets = new Map<string, FeedTarget>();
  const gate = createRevisionGate(clock);
  /** Targets that are being filled, with the changes that arrived meanwhile. */
  const filling = new Map<FeedTarget, StoreChange[]>();
  let live = false;

  /** A path has one to three segments; no path is the beginning of another one's keys. */
  const targetOf = (key: string): FeedTarget | undefined => {
    let end = key.indexOf('/', prefix.length);
    while (end > 0) {
      const target = targets.get(key.slice(prefix.length, end));
      if (target) return target;
      end = key.indexOf('/', end + 1);
    }
    return undefined;
  };

  const register = (target: FeedTarget): void => {
    if (targets.has(target.path)) throw new Error(`two kinds are stored under ${target.path}`);
    targets.set(target.path, target);
  };

  const remove = (target: FeedTarget): void => {
    targets.delete(target.path);
    filling.delete(target);
    target.close();
  };

  const apply = (change: StoreChange): void => {
    const target = targetOf(change.key);
    if (!target) return;
    const held = filling.get(target);
    if (held) held.push(change);
    else target.apply(change);
  };

  const readAll = async (under: string, atRevision: Revision | undefined, signal: AbortSignal) => {
    const entries: StoreEntry[] = [];
    let afterKey: string | undefined;
    let revision = atRevision;
    for (;;) {
      const page = await store.list(under, { limit: pageEntries, afterKey, atRevision: revision, signal });
      entries.push(...page.entries);
      revision = page.revision;
      afterKey = page.entries.at(-1)?.key;
      if (!page.more) return { entries, revision };
    }
  };

  /**
   * Starts one revision before the newest: writes of one group share a revision, and a client that comes back after a
   * restart in the middle of the newest group must be told that group again.
   */
  const fill = async (signal: AbortSignal): Promise<void> => {
    const newest = await store.currentRevision({ signal });
    const before = newest > 1 ? newest - 1 : newest;
    const { entries, revision } = await readAll(prefix, before, signal).catch((error: unknown) => {
      if (isStoreError(error, 'compacted')) return readAll(prefix, undefined, signal);
      throw error;
    });
    const byTarget = new Map<FeedTarget, StoreEntry[]>([...targets.values()].map((target) => [target, []]));
    for (const entry of entries) {
      const target = targetOf(entry.key);
      if (target) byTarget.get(target)?.push(entry);
    }
    filling.clear();
    for (const [target, own] of byTarget) target.reset(own, revision, Math.max(revision, newest));
    gate.pass(revision);
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    for await (const batch of store.watch(prefix, { afterRevision: gate.revision, previous: false, signal })) {
      live = true;
      for (const change of batch.changes) apply(change);
      gate.pass(batch.revision);
    }
  };

  const runOnce = async (signal: AbortSignal): Promise<void> => {
    // A watch can be opened on a store that does not answer: only an answer tells that it lives.
    if (gate.revision === 0) await fill(signal);
    else await store.currentRevision({ signal });
    live = true;
    await follow(signal);
  };

  return {
    get revision() {
      return gate.revision;
    },
    get live() {
      return live;
    },
    gate,
    async run(signal) {
      const stopBookmarks = everyPeriod(clock, bookmarkPeriodMs, () => {
        for (const target of targets.values()) if (!filling.has(target)) target.bookmark(gate.revision);
      });
      let delayMs = backoffMinMs;
      while (!signal.aborted) {
        const startedMs = clock.monotonicMs();
        try {
          await runOnce(signal);
        } catch (error) {
          if (signal.aborted) break;
          log.warn({ err: error, revision: gate.revision }, 'the watch of the store ended; it is started again');
          if (isStoreError(error, 'compacted')) gate.reset();
        }
        live = false;
        if (clock.monotonicMs() - startedMs > backoffMaxMs) delayMs = backoffMinMs;
        await clock.sleep(delayMs, signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, backoffMaxMs);
      }
      live = false;
      stopBookmarks();
      gate.close();
      for (const target of targets.values()) target.close();
    },
    register,
    async join(target, signal) {
      register(target);
      filling.set(target, []);
      try {
        const { entries, revision } = await readAll(`${prefix}${target.path}/`, undefined, signal);
        await gate.wait(revision, signal);
        const held = filling.get(target);
        // Absent: everything was read anew meanwhile, this target included.
        if (!held) return;
        filling.delete(target);
        target.reset(entries, revision, revision);
        for (const change of held) if (change.revision > revision) target.apply(change);
      } catch (error) {
        remove(target);
        throw error;
      }
    },
    remove,
  };
}

function everyPeriod(clock: Clock, periodMs: number, tick: () => void): () => void {
  const arm = () =>
    clock.setTimer(periodMs, () => {
      tick();
      timer = arm();
    });
  let timer = arm();
  return () => timer.cancel();
}
