import type { KubeObject } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import { keyOf, keyText } from '../key.ts';

export type Change =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly object: KubeObject;
      readonly previous: KubeObject | undefined;
      readonly version: number;
    }
  | { readonly type: 'BOOKMARK' };

interface Watcher {
  readonly pending: Change[];
  ended: boolean;
  wake: () => void;
}

/** One kind's objects, its past, and those who follow it. */
export interface Table {
  readonly objects: ReadonlyMap<string, KubeObject>;
  put(object: KubeObject, type: 'ADDED' | 'MODIFIED' | 'DELETED', version: number): void;
  /** Every change after the version; ends after `endMs`, with the signal, or with `endAll`. */
  follow(afterVersion: number, clock: Clock, endMs: number | undefined, signal: AbortSignal): AsyncIterable<Change>;
  forget(): void;
  endAll(): void;
  bookmark(): void;
}

export function createTable(): Table {
  const objects = new Map<string, KubeObject>();
  const watchers = new Set<Watcher>();
  let past: Extract<Change, { version: number }>[] = [];

  const publish = (change: Change): void => {
    for (const watcher of watchers) {
      watcher.pending.push(change);
      watcher.wake();
    }
  };
  const end = (watcher: Watcher): void => {
    watcher.ended = true;
    watcher.wake();
  };

  return {
    objects,
    put(object, type, version) {
      const key = keyText(keyOf(object));
      const change = { type, object, previous: objects.get(key), version };
      if (type === 'DELETED') objects.delete(key);
      else objects.set(key, object);
      past.push(change);
      publish(change);
    },
    async *follow(afterVersion, clock, endMs, signal) {
      const missed = past.filter((change) => change.version > afterVersion);
      const watcher: Watcher = { pending: missed, ended: signal.aborted, wake() {} };
      const onAbort = (): void => end(watcher);
      signal.addEventListener('abort', onAbort, { once: true });
      const timer = endMs === undefined ? undefined : clock.setTimer(endMs, onAbort);
      watchers.add(watcher);
      try {
        while (!watcher.ended) {
          const change = watcher.pending.shift();
          if (change) yield change;
          else await new Promise<void>((resolve) => Object.assign(watcher, { wake: resolve }));
        }
      } finally {
        watchers.delete(watcher);
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
      }
    },
    forget() {
      past = [];
    },
    endAll() {
      for (const watcher of watchers) end(watcher);
    },
    bookmark: () => publish({ type: 'BOOKMARK' }),
  };
}
