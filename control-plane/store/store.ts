/**
 * A revisioned key-value store: the seam to etcd. Keys are strings that start with `/`; values are opaque bytes.
 * Revisions grow with every write; writes that the store groups into one transaction share a revision.
 * Every method rejects with a StoreError (store/errors.ts).
 */
export interface Store {
  /** The newest value, read linearizably. Undefined when the key is not there. */
  get(key: string, options?: ReadOptions): Promise<StoreEntry | undefined>;
  /** Entries under `prefix` in key order, as they were at one revision. */
  list(prefix: string, options?: ListPageOptions): Promise<StorePage>;
  /** Fails with `exists` when the key is there. */
  create(key: string, value: Buffer, options?: StoreWriteOptions): Promise<StoreWritten>;
  /** Fails with `conflict` (and the entry that is there now, if any) unless the key is at `expectedRevision`. */
  update(key: string, value: Buffer, expectedRevision: Revision, options?: StoreWriteOptions): Promise<StoreWritten>;
  /** As `update`. */
  delete(key: string, expectedRevision: Revision, options?: ReadOptions): Promise<StoreWritten>;
  /**
   * Every change under `prefix` after `afterRevision` (absent: from now on), in order. One batch holds all the changes
   * of one or more whole revisions: a revision is never split between batches. Revisions that changed nothing under
   * the prefix are reported too, as batches without changes, so that a reader can always tell how far it is; and
   * one more such batch follows every `requestProgress`.
   * Throws `compacted` when the past is gone, `unavailable` when the store cannot be reached. Ends when the signal aborts.
   */
  watch(prefix: string, options: StoreWatchOptions): AsyncIterable<StoreBatch>;
  /** Asks every watch to report soon how far it is. */
  requestProgress(): Promise<void>;
  /** The newest revision, read linearizably. */
  currentRevision(options?: ReadOptions): Promise<Revision>;
  /** Forgets values older than `revision`. */
  compact(revision: Revision): Promise<void>;
  close(): Promise<void>;
}

/** etcd's revisions are 64-bit, but stay far below 2^53 in any cluster's life: a number is exact. */
export type Revision = number;

export interface StoreEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly revision: Revision;
}

export interface StorePage {
  readonly entries: readonly StoreEntry[];
  /** The revision the whole page (and all pages that continue it) was read at. */
  readonly revision: Revision;
  readonly more: boolean;
  /** How many entries under the prefix come after this page. */
  readonly remaining: number;
}

export interface StoreWritten {
  readonly revision: Revision;
}

export interface StoreChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  /** Absent for a delete. */
  readonly value?: Buffer;
  /** The entry before this change; absent for a create. */
  readonly previous?: StoreEntry;
}

export interface StoreBatch {
  readonly changes: readonly StoreChange[];
  /** All changes up to and including this revision have been delivered. */
  readonly revision: Revision;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListPageOptions extends ReadOptions {
  readonly limit?: number | undefined;
  /** Continue after this key. */
  readonly afterKey?: string | undefined;
  /** Read the past; fails with `compacted` when it is gone. */
  readonly atRevision?: Revision | undefined;
}

export interface StoreWriteOptions extends ReadOptions {
  /** Delete the key by itself after this time (events). */
  readonly ttlSeconds?: number | undefined;
}

export interface StoreWatchOptions {
  readonly afterRevision?: Revision | undefined;
  /** False: leave out `previous`, for a caller that remembers by itself. Default true. */
  readonly previous?: boolean | undefined;
  readonly signal: AbortSignal;
}
