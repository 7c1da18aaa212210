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
  /** Those whose field has this value, ordered; undefined when the field is not indexed. */
  byField(field: string, value: string): CachedObject<T>[] | undefined;
  clear(): void;
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

  const addToIndexes = (entry: CachedObject<T>): void => {
    for (const [field, get] of getters) {
      const index = indexes.get(field);
      const value = get(entry.object);
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

  const listBucket = (bucket: Bucket<T> | undefined): CachedObject<T>[] => {
    if (!bucket) return [];
    bucket.names ??= [...bucket.byName.keys()].sort(byBytes);
    return bucket.names.flatMap((name) => bucket.byName.get(name) ?? []);
  };

  return {
    get size() {
      return size;
    },
    get: ({ namespace = '', name }) => buckets.get(namespace)?.byName.get(name),
    set(entry) {
      const { namespace = '', name } = entry.object.metadata;
      const bucket = bucketOf(namespace);
      const previous = bucket.byName.get(name);
      bucket.byName.set(name, entry);
      if (previous) {
        removeFromIndexes(previous);
      } else {
        bucket.names = undefined;
        size++;
      }
      addToIndexes(entry);
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
    list(namespace) {
      if (namespace !== undefined) return listBucket(buckets.get(namespace));
      namespaces ??= [...buckets.keys()].sort((a, b) => byBytes(`${a}/`, `${b}/`));
      return namespaces.flatMap((one) => listBucket(buckets.get(one)));
    },
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

const byKey = (a: CachedObject, b: CachedObject): number => byBytes(orderKey(a), orderKey(b));

/** Names are ASCII, so that comparing UTF-16 units is comparing bytes. */
const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
