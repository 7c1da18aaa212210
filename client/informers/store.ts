import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import { keyOf, keyText } from '../key.ts';

export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** Objects by key, by namespace and by named indexes. */
export interface ObjectStore<T extends KubeObject> {
  get(key: ObjectKey): Stored<T> | undefined;
  list(namespace?: string): readonly Stored<T>[];
  byIndex(index: string, value: string): readonly Stored<T>[];
  /** Builds the index over what is there. A name that exists already is left as it is: same name, same index. */
  addIndex(name: string, of: IndexFunction<T>): void;
  /** Returns what was there before. */
  put(object: Stored<T>): Stored<T> | undefined;
  remove(key: ObjectKey): Stored<T> | undefined;
  values(): IterableIterator<Stored<T>>;
}

export function createObjectStore<T extends KubeObject>(): ObjectStore<T> {
  const objects = new Map<string, Stored<T>>();
  const indexes = new Map<string, { of: IndexFunction<T>; buckets: Map<string, Map<string, Stored<T>>> }>();

  const insert = (buckets: Map<string, Map<string, Stored<T>>>, value: string, key: string, object: Stored<T>) => {
    let bucket = buckets.get(value);
    if (!bucket) {
      bucket = new Map();
      buckets.set(value, bucket);
    }
    bucket.set(key, object);
  };

  const unindex = (key: string, object: Stored<T>): void => {
    for (const { of, buckets } of indexes.values()) {
      for (const value of of(object)) {
        const bucket = buckets.get(value);
        bucket?.delete(key);
        if (bucket?.size === 0) buckets.delete(value);
      }
    }
  };

  const bucketOf = (index: string, value: string): readonly Stored<T>[] => {
    const bucket = indexes.get(index)?.buckets.get(value);
    return bucket ? [...bucket.values()] : [];
  };

  const store: ObjectStore<T> = {
    get: (key) => objects.get(keyText(key)),
    list: (namespace) => (namespace === undefined ? [...objects.values()] : bucketOf(namespaceIndex, namespace)),
    byIndex(index, value) {
      if (!indexes.has(index)) throw new Error(`there is no index ${JSON.stringify(index)}`);
      return bucketOf(index, value);
    },
    addIndex(name, of) {
      if (indexes.has(name)) return;
      const buckets = new Map<string, Map<string, Stored<T>>>();
      indexes.set(name, { of, buckets });
      for (const [key, object] of objects) for (const value of of(object)) insert(buckets, value, key, object);
    },
    put(object) {
      const key = keyText(keyOf(object));
      const old = objects.get(key);
      if (old) unindex(key, old);
      objects.set(key, object);
      for (const { of, buckets } of indexes.values()) {
        for (const value of of(object)) insert(buckets, value, key, object);
      }
      return old;
    },
    remove(objectKey) {
      const key = keyText(objectKey);
      const old = objects.get(key);
      if (!old) return undefined;
      unindex(key, old);
      objects.delete(key);
      return old;
    },
    values: () => objects.values(),
  };
  store.addIndex(namespaceIndex, (object) => [object.metadata?.namespace ?? '']);
  return store;
}

/** Not a name that anybody else would choose. */
const namespaceIndex = ' namespace';
