import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf, keyText } from '#client/key.ts';

/**
 * Remembers what a controller wrote until its cache has caught up, so that no decision rests on a state from before
 * its own last write. Versions only grow, which every Kubernetes API server keeps since they are etcd's revisions.
 */
export interface OwnWrites {
  wrote(object: Stored<KubeObject>): void;
  /** The cache does not yet show the last write to this object. */
  isBehind(key: ObjectKey): boolean;
  forget(key: ObjectKey): void;
  readonly size: number;
}

export function createOwnWrites<T extends KubeObject>(informer: Informer<T>): OwnWrites {
  const written = new Map<string, { uid: string; version: number }>();
  return {
    wrote(object) {
      const version = Number(object.metadata.resourceVersion);
      if (Number.isSafeInteger(version)) written.set(keyText(keyOf(object)), { uid: object.metadata.uid, version });
    },
    isBehind(key) {
      const text = keyText(key);
      const last = written.get(text);
      if (!last) return false;
      const cached = informer.get(key);
      // Gone or replaced: a write cannot have happened after its deletion, but the cache may not have seen the object at all.
      // The caller asks by a key that it took from the cache, so absence here means deletion.
      const caughtUp =
        !cached || cached.metadata.uid !== last.uid || Number(cached.metadata.resourceVersion) >= last.version;
      if (caughtUp) written.delete(text);
      return !caughtUp;
    },
    forget(key) {
      written.delete(keyText(key));
    },
    get size() {
      return written.size;
    },
  };
}
