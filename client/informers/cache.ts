import type { KubeObject, Stored } from '#api/meta.ts';
import type { Log } from '#base/log.ts';
import type { InformerHandler } from '../informer.ts';
import { keyOf, keyText } from '../key.ts';
import { createObjectStore, type ObjectStore } from './store.ts';

/** The objects of an informer, and those who want to hear of changes. */
export interface InformerCache<T extends KubeObject> {
  readonly store: ObjectStore<T>;
  readonly synced: boolean;
  waitForSync(signal: AbortSignal): Promise<void>;
  addHandler(handler: InformerHandler<T>): () => void;
  put(object: Stored<T>): void;
  /** `object` is its last state, as the server tells it. */
  remove(object: Stored<T>): void;
  /** The result of a list at `version`: what is not in it is gone. */
  replace(objects: readonly Stored<T>[], version: string): void;
  /** Everything up to `version` was handed in. */
  reach(version: string): void;
  lastResourceVersion(): string;
}

export function createCache<T extends KubeObject>(log: Log): InformerCache<T> {
  const store = createObjectStore<T>();
  const waiting = new Set<() => void>();
  /** Replaced, not changed: a handler that adds a handler must not disturb the round that is under way. */
  let handlers: readonly InformerHandler<T>[] = [];
  let synced = false;
  let reached = '';

  const tell = (handler: InformerHandler<T>, call: (handler: InformerHandler<T>) => void): void => {
    try {
      call(handler);
    } catch (error) {
      log.error({ err: error }, 'an informer handler threw');
    }
  };
  const tellAll = (call: (handler: InformerHandler<T>) => void): void => {
    for (const handler of handlers) tell(handler, call);
  };

  const put = (object: Stored<T>): void => {
    const known = store.get(keyOf(object));
    if (known?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (known && known.metadata.uid !== object.metadata.uid) {
      // Deleted and made anew while nobody looked.
      remove(known);
      put(object);
      return;
    }
    store.put(object);
    if (known) tellAll((handler) => handler.onUpdate?.(object, known));
    else tellAll((handler) => handler.onAdd?.(object));
  };

  const remove = (object: Stored<T>): void => {
    if (store.remove(keyOf(object))) tellAll((handler) => handler.onDelete?.(object));
  };

  const reach = (version: string): void => {
    if (version === reached) return;
    reached = version;
    tellAll((handler) => handler.onVersion?.(version));
  };

  return {
    store,
    get synced() {
      return synced;
    },
    put,
    remove,
    reach,
    lastResourceVersion: () => reached,
    replace(objects, version) {
      const listed = new Set(objects.map((object) => keyText(keyOf(object))));
      for (const known of [...store.values()]) if (!listed.has(keyText(keyOf(known)))) remove(known);
      for (const object of objects) put(object);
      synced = true;
      reach(version);
      for (const resolve of waiting) resolve();
      waiting.clear();
    },
    waitForSync(signal) {
      if (synced) return Promise.resolve();
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onSync = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = (): void => {
          waiting.delete(onSync);
          reject(signal.reason);
        };
        waiting.add(onSync);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    addHandler(handler) {
      handlers = [...handlers, handler];
      for (const object of store.list()) tell(handler, (one) => one.onAdd?.(object));
      return () => {
        handlers = handlers.filter((one) => one !== handler);
      };
    },
  };
}
