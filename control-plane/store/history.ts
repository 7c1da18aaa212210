import { StoreError } from './errors.ts';
import type { Revision, StoreChange, StoreEntry } from './store.ts';

/** One write that has been decided on: a value, or undefined to delete. */
export interface HistoryWrite {
  readonly key: string;
  readonly value: Buffer | undefined;
}

/** Everything that ever happened to a set of keys, back to the last compaction; as etcd keeps it. */
export interface History {
  /** The newest revision; 1 before the first write. */
  readonly revision: Revision;
  /** Values and changes before it are forgotten; 0 when nothing is. */
  readonly compactedRevision: Revision;
  get(key: string, atRevision?: Revision): StoreEntry | undefined;
  /** Keys that start with `prefix` in order, from the first one greater than `afterKey`, that had a value at `atRevision`. */
  entries(prefix: string, afterKey: string, atRevision: Revision): Iterable<StoreEntry>;
  /** Applies writes to different keys under one new revision. */
  commit(writes: readonly HistoryWrite[]): Revision;
  /** The changes of one revision that is not compacted. */
  changesAt(revision: Revision): readonly StoreChange[];
  compact(revision: Revision): void;
}

interface Version {
  readonly revision: Revision;
  /** Absent: deleted. */
  readonly entry?: StoreEntry;
}

export function createHistory(): History {
  const versionsByKey = new Map<string, Version[]>();
  const keys: string[] = [];
  let revision = 1;
  let compactedRevision = 0;
  /** The changes of revision `logStart + i` are at index i. */
  let log: (readonly StoreChange[])[] = [];
  let logStart = 2;

  const get = (key: string, atRevision = revision): StoreEntry | undefined =>
    versionsByKey.get(key)?.findLast((version) => version.revision <= atRevision)?.entry;

  const append = (key: string, version: Version): void => {
    const versions = versionsByKey.get(key);
    if (versions) {
      versions.push(version);
    } else {
      versionsByKey.set(key, [version]);
      keys.splice(firstAtOrAfter(keys, key), 0, key);
    }
  };

  return {
    get revision() {
      return revision;
    },
    get compactedRevision() {
      return compactedRevision;
    },
    get,
    *entries(prefix, afterKey, atRevision) {
      const from = afterKey < prefix ? firstAtOrAfter(keys, prefix) : firstAtOrAfter(keys, `${afterKey}\0`);
      for (let index = from; index < keys.length; index++) {
        const key = keys[index];
        if (!key?.startsWith(prefix)) return;
        const entry = get(key, atRevision);
        if (entry) yield entry;
      }
    },
    commit(writes) {
      revision++;
      const changes = writes.map(({ key, value }): StoreChange => {
        const previous = get(key);
        const createRevision = previous?.createRevision ?? revision;
        append(key, { revision, ...(value && { entry: { key, value, createRevision, revision } }) });
        const change = { key, revision, createRevision, ...(previous && { previous }) };
        return value ? { type: 'put', value, ...change } : { type: 'delete', ...change };
      });
      log.push(changes);
      return revision;
    },
    changesAt: (at) => log[at - logStart] ?? [],
    compact(at) {
      if (at <= compactedRevision) throw compactedError(compactedRevision);
      if (at > revision) throw futureError(at, revision);
      compactedRevision = at;
      // As in etcd, the changes of the compaction's own revision can still be watched, but no value before it is left.
      log = log.slice(Math.max(0, at - logStart));
      logStart = Math.max(logStart, at);
      for (const [key, versions] of versionsByKey) {
        const newest = versions.findLastIndex((version) => version.revision <= at);
        const keptFrom = newest >= 0 && !versions[newest]?.entry ? newest + 1 : Math.max(0, newest);
        const kept = versions.slice(keptFrom);
        if (kept.length) {
          versionsByKey.set(key, kept);
        } else {
          versionsByKey.delete(key);
          keys.splice(firstAtOrAfter(keys, key), 1);
        }
      }
    },
  };
}

export const compactedError = (revision: Revision): StoreError =>
  new StoreError('compacted', `the past before revision ${revision} has been compacted`, { revision });

export const futureError = (asked: Revision, revision: Revision): StoreError =>
  new StoreError('future-revision', `revision ${asked} is in the future; the newest is ${revision}`, { revision });

/** Index of the first of the sorted `keys` that is not before `key`. */
function firstAtOrAfter(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
