import type { Clock } from '#base/clock.ts';
import { StoreError } from './errors.ts';
import { createExpiry } from './expiry.ts';
import { compactedError, createHistory, futureError } from './history.ts';
import { createSignalBell } from './signal-bell.ts';
import type { Revision, Store, StoreBatch, StoreWatchOptions, StoreWriteOptions, StoreWritten } from './store.ts';
import { checkValueSize } from './value-size.ts';

export interface MemoryStoreOptions {
  readonly clock: Clock;
}

/** How many writes share a revision at most, as in the etcd store. */
const groupMax = 64;
/** How many revisions a watch that is behind hands out at once. */
const batchRevisionsMax = 1000;

interface PendingWrite {
  readonly key: string;
  /** Undefined to delete. */
  readonly value: Buffer | undefined;
  /** 0: the key must not be there. */
  readonly expectedRevision: Revision;
  readonly ttlSeconds?: number | undefined;
  readonly resolve: (written: StoreWritten) => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * A store that lives as long as the process. Strict and deterministic: writes made in the same turn of the event loop
 * are committed together under one revision, exactly as the etcd store groups them.
 */
export function createMemoryStore({ clock }: MemoryStoreOptions): Store {
  const history = createHistory();
  const changed = createSignalBell();
  const closing = new AbortController();
  let queue: PendingWrite[] = [];
  let scheduled = false;
  let progressRequests = 0;

  const expiry = createExpiry(clock, (keys) => {
    const due = keys.filter((key) => history.get(key));
    if (due.length) commit(due.map((key) => ({ key, value: undefined })));
  });

  const commit = (writes: readonly { key: string; value: Buffer | undefined }[]): Revision => {
    const revision = history.commit(writes);
    changed.ring();
    return revision;
  };

  const refusal = (write: PendingWrite): StoreError | undefined => {
    const current = history.get(write.key);
    const { key } = write;
    if ((current?.revision ?? 0) === write.expectedRevision) return undefined;
    if (write.expectedRevision === 0)
      return new StoreError('exists', `${key} exists already`, { key, ...withCurrent(current) });
    return new StoreError('conflict', `${key} is not at revision ${write.expectedRevision}`, {
      key,
      ...withCurrent(current),
    });
  };

  const flush = (): void => {
    scheduled = false;
    const waiting = queue;
    queue = [];
    while (waiting.length) {
      const group: PendingWrite[] = [];
      const keys = new Set<string>();
      for (let index = 0; index < waiting.length && group.length < groupMax; ) {
        const write = waiting[index];
        if (!write || keys.has(write.key)) {
          index++;
          continue;
        }
        keys.add(write.key);
        group.push(write);
        waiting.splice(index, 1);
      }
      const refusals = group.map(refusal);
      const accepted = group.filter((_, index) => !refusals[index]);
      const revision = accepted.length ? commit(accepted) : history.revision;
      for (const [index, write] of group.entries()) {
        const refused = refusals[index];
        if (refused) {
          write.reject(refused);
        } else {
          expiry.set(write.key, write.ttlSeconds);
          write.resolve({ revision });
        }
      }
    }
  };

  const write = async (
    key: string,
    value: Buffer | undefined,
    expectedRevision: Revision,
    options: StoreWriteOptions = {},
  ): Promise<StoreWritten> => {
    checkOpen();
    checkNotAborted(options.signal);
    if (value) checkValueSize(key, value);
    return new Promise((resolve, reject) => {
      queue.push({ key, value, expectedRevision, ttlSeconds: options.ttlSeconds, resolve, reject });
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(flush);
    });
  };

  const checkOpen = (): void => {
    if (closing.signal.aborted) throw new StoreError('unavailable', 'the store is closed');
  };

  async function* follow(prefix: string, after: Revision, options: StoreWatchOptions): AsyncGenerator<StoreBatch> {
    let position = after;
    let progressSeen = progressRequests;
    while (!options.signal.aborted) {
      checkOpen();
      if (position < history.revision) {
        if (position + 1 < history.compactedRevision) throw compactedError(history.compactedRevision);
        const upTo = Math.min(history.revision, position + batchRevisionsMax);
        const changes = [];
        for (let revision = position + 1; revision <= upTo; revision++) {
          for (const change of history.changesAt(revision)) if (change.key.startsWith(prefix)) changes.push(change);
        }
        position = upTo;
        yield { changes, revision: position };
      } else if (progressSeen !== progressRequests) {
        progressSeen = progressRequests;
        yield { changes: [], revision: position };
      } else {
        await changed.wait(options.signal);
      }
    }
  }

  return {
    async get(key, options) {
      checkOpen();
      checkNotAborted(options?.signal);
      return history.get(key);
    },
    async list(prefix, options = {}) {
      checkOpen();
      checkNotAborted(options.signal);
      const revision = options.atRevision ?? history.revision;
      if (revision > history.revision) throw futureError(revision, history.revision);
      if (revision < history.compactedRevision) throw compactedError(history.compactedRevision);
      const all = [...history.entries(prefix, options.afterKey ?? '', revision)];
      const entries = options.limit ? all.slice(0, options.limit) : all;
      return { entries, revision, more: entries.length < all.length, remaining: all.length - entries.length };
    },
    create: (key, value, options) => write(key, value, 0, options),
    update: (key, value, expectedRevision, options) => write(key, value, expectedRevision, options),
    delete: (key, expectedRevision, options) => write(key, undefined, expectedRevision, options),
    watch(prefix, options) {
      return follow(prefix, options.afterRevision ?? history.revision, options);
    },
    async requestProgress() {
      checkOpen();
      progressRequests++;
      changed.ring();
    },
    async currentRevision(options) {
      checkOpen();
      checkNotAborted(options?.signal);
      return history.revision;
    },
    async compact(revision) {
      checkOpen();
      history.compact(revision);
    },
    async close() {
      closing.abort();
      expiry.close();
      changed.ring();
    },
  };
}

const withCurrent = <T>(current: T | undefined): { current?: T } => (current === undefined ? {} : { current });

function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoreError('timeout', 'given up before it began', { cause: signal.reason });
}
