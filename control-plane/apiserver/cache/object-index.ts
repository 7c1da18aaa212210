import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { CachedObject } from '../registry/registry.ts';

/** The objects of one kind by namespace and name, in the order of their storage keys, with indexes on chosen fields. */
export interface ObjectIndex<T extends KubeObject> {
  readonly size: number;
  get(key: ObjectKey): CachedObject<T> | undefined;
  /** Returns what was there before. */
  set(entry: CachedObject<T>): CachedObject<T> | undefined;
  delete(key: ObjectKey): CachedObject<T> | undefined;
  /** All, or those of one namespace, ordered. */
  list(namespace?: string): CachedObject<T>[];
  /** Up to `limit` entries after a key (see relativeKey), and how many come after them. */
  page(namespace: string | undefined, afterKey: string, limit: number): IndexPage<T>;
  /** Those whose field has this value, ordered; undefined when the field is not indexed. */
  byField(field: string, value: string): CachedObject<T>[] | undefined;
  clear(): void;
}

export interface IndexPage<T extends KubeObject> {
  readonly entries: CachedObject<T>[];
  readonly remaining: number;
}

export type FieldGetters<T extends KubeObject> = Readonly<Record<string, (object: Stored<T>) => string>>;

interface Bucket<T extends KubeObject> {
  readonly byName: Map<string, CachedObject<T>>;
  /** Absent after a name came or went. */
  names?: string[] | undefined;
}

export function createObjectIndex<T extends KubeObject>(fields: FieldGetters<T> = {}): ObjectIndex<T> {
  /** Cluster-scoped objects are in the bucket ''. */
  const buckets = new Map<string, Bucket<T>>();
  let namespaces: string[] | undefined;
  let size = 0;
  const getters = Object.entries(fields);
  const indexes = new Map(getters.map(([field]) => [field, new Map<string, Set<CachedObject<T>>>()]));

  const bucketOf = (namespace: string): Bucket<T> => {
    const found = buckets.get(namespace);
    if (found) return found;
    const bucket: Bucket<T> = { byName: new Map() };
    buckets.set(namespace, bucket);
    namespaces = undefined;
    return bucket;
  };

  const addToIndexes = (entry: CachedObject<T>, object: Stored<T>): void => {
    for (const [field, get] of getters) {
      const index = indexes.get(field);
      const value = get(object);
      const set = index?.get(value);
      if (set) set.add(entry);
      else index?.set(value, new Set([entry]));
    }
  };

  const removeFromIndexes = (entry: CachedObject<T>): void => {
    for (const [field, get] of getters) {
      const index = indexes.get(field);
      const value = get(entry.object);
      const set = index?.get(value);
      if (set?.delete(entry) && set.size === 0) index?.delete(value);
    }
  };

  const namesOf = (bucket: Bucket<T>): readonly string[] => {
    bucket.names ??= [...bucket.byName.keys()].sort(byBytes);
    return bucket.names;
  };

  const namespacesInOrder = (): readonly string[] => {
    namespaces ??= [...buckets.keys()].sort((a, b) => byBytes(`${a}/`, `${b}/`));
    return namespaces;
  };

  /** Adds to `into` up to `count` entries, beginning with the name at `from`. */
  const take = (bucket: Bucket<T>, from: number, count: number, into: CachedObject<T>[]): void => {
    const names = namesOf(bucket);
    const end = Math.min(names.length, from + count);
    for (let at = from; at < end; at++) {
      const entry = bucket.byName.get(names[at] ?? '');
      if (entry) into.push(entry);
    }
  };

  const page = (namespace: string | undefined, afterKey: string, limit: number): IndexPage<T> => {
    const entries: CachedObject<T>[] = [];
    let remaining = 0;
    for (const one of namespace === undefined ? namespacesInOrder() : [namespace]) {
      const bucket = buckets.get(one);
      if (!bucket) continue;
      // Keys are relative to the namespace that is listed, and are bare names where a kind has no namespaces.
      const folder = namespace === undefined && one ? `${one}/` : '';
      const from = afterKey ? firstAfter(namesOf(bucket), folder, afterKey) : 0;
      const count = Math.min(bucket.byName.size - from, limit - entries.length);
      take(bucket, from, count, entries);
      remaining += bucket.byName.size - from - count;
    }
    return { entries, remaining };
  };

  return {
    get size() {
      return size;
    },
    get: ({ namespace = '', name }) => buckets.get(namespace)?.byName.get(name),
    set(entry) {
      // Once: some entries parse it each time.
      const { object } = entry;
      const { namespace = '', name } = object.metadata;
      const bucket = bucketOf(namespace);
      const previous = bucket.byName.get(name);
      bucket.byName.set(name, entry);
      if (previous) {
        removeFromIndexes(previous);
      } else {
        bucket.names = undefined;
        size++;
      }
      addToIndexes(entry, object);
      return previous;
    },
    delete({ namespace = '', name }) {
      const bucket = buckets.get(namespace);
      const previous = bucket?.byName.get(name);
      if (!bucket || !previous) return undefined;
      bucket.byName.delete(name);
      bucket.names = undefined;
      size--;
      removeFromIndexes(previous);
      if (bucket.byName.size === 0) {
        buckets.delete(namespace);
        namespaces = undefined;
      }
      return previous;
    },
    list: (namespace) => page(namespace, '', Number.POSITIVE_INFINITY).entries,
    page,
    byField(field, value) {
      const index = indexes.get(field);
      return index && [...(index.get(value) ?? [])].sort(byKey);
    },
    clear() {
      buckets.clear();
      namespaces = undefined;
      size = 0;
      for (const index of indexes.values()) index.clear();
    },
  };
}

/** `namespace/name`, or the name alone: the order of storage keys. */
export const orderKey = (entry: CachedObject): string => {
  const { namespace, name } = entry.object.metadata;
  return namespace ? `${namespace}/${name}` : name;
};

/** An entry's key below what is listed: one namespace, or all. */
export const relativeKey =
  (namespace: string | undefined) =>
  (entry: CachedObject): string =>
    namespace === undefined ? orderKey(entry) : entry.object.metadata.name;

/** Index of the first of the sorted names whose key, with its folder, comes after `afterKey`. */
function firstAfter(names: readonly string[], folder: string, afterKey: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (`${folder}${names[middle]}` <= afterKey) low = middle + 1;
    else high = middle;
  }
  return low;
}

const byKey = (a: CachedObject, b: CachedObject): number => byBytes(orderKey(a), orderKey(b));

/** Names are ASCII, so that comparing UTF-16 units is comparing bytes. */
const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
