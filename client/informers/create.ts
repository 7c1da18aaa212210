import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isExpired } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '../api-client.ts';
import { createBackoff } from '../backoff.ts';
import type { Informer, InformerOptions } from '../informer.ts';
import type { Runnable } from '../reconciler.ts';
import { createCache } from './cache.ts';
import { listAll } from './list-all.ts';

export interface InformerDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** An informer with its loop; `addIndexes` may be called at any time. */
export interface RunnableInformer<T extends KubeObject> extends Informer<T>, Runnable {
  addIndexes(indexes: NonNullable<InformerOptions<T>['indexes']>): void;
  /** The server can be reached again: does not wait for the end of a pause after failures. */
  retryNow(): void;
}

/** The server is asked to end each watch after 5 to 10 minutes, so that connections spread over servers anew. */
const watchMinSeconds = 300;
/** A watch that has not ended by itself this long after its time is dead. */
const watchGraceMs = 30_000;
/** A watch that lives this long was a success, even if it brought nothing. */
const healthyWatchMs = 5_000;

/** Keeps a local copy of one kind: lists, then follows the watch, and starts over when the past is gone. */
export function createInformer<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  options: InformerDependencies & InformerOptions<T>,
): RunnableInformer<T> {
  const { clock, random } = options;
  const name = `informer ${type.resource}${type.group && `.${type.group}`}`;
  const log = options.log.child({ informer: name.slice('informer '.length) });
  const cache = createCache<T>(log);
  for (const [index, of] of Object.entries(options.indexes ?? {})) cache.store.addIndex(index, of);
  const scope = {
    namespace: options.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  };
  const backoff = createBackoff({ random, firstMs: 200, maxMs: 30_000 });
  let wake = (): void => {};

  const pause = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    const controller = new AbortController();
    wake = () => controller.abort(new Error('the server can be reached again'));
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
    await clock.sleep(delayMs, controller.signal).catch(() => undefined);
    signal.removeEventListener('abort', wake);
  };

  /** Follows the watch from `version` until it ends. The last version seen is kept in `cursor` whatever happens. */
  const follow = async (cursor: { version: string }, signal: AbortSignal): Promise<void> => {
    const timeoutSeconds = Math.ceil(watchMinSeconds * (1 + random.next()));
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const deadline = clock.setTimer(timeoutSeconds * 1000 + watchGraceMs, () =>
      controller.abort(new Error(`the watch did not end after its ${timeoutSeconds} s`)),
    );
    try {
      const events = client.watch(type, {
        ...scope,
        resourceVersion: cursor.version,
        allowWatchBookmarks: true,
        timeoutSeconds,
        signal: controller.signal,
      });
      for await (const event of events) {
        const version = event.object.metadata.resourceVersion;
        if (isOlder(version, cursor.version)) continue;
        if (event.type === 'DELETED') cache.remove(event.object);
        else if (event.type !== 'BOOKMARK') cache.put(event.object);
        cursor.version = version;
        cache.reach(version);
        backoff.reset();
        if (signal.aborted) return;
      }
    } finally {
      deadline.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let cursor: { version: string } | undefined;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      try {
        if (!cursor) {
          const { items, version } = await listAll(client, type, scope, signal);
          if (signal.aborted) return;
          cache.replace(items, version);
          cursor = { version };
        }
        const before = cursor.version;
        await follow(cursor, signal);
        // A server that ends every watch at once must not be asked in a tight loop.
        const quick = cursor.version === before && clock.monotonicMs() - startedMs < healthyWatchMs;
        if (quick) await pause(backoff.nextMs(), signal);
      } catch (error) {
        if (signal.aborted) return;
        const delayMs = backoff.nextMs();
        if (isExpired(error)) {
          log.info({ version: cursor?.version }, 'the version is too old to watch from: listing again');
          cursor = undefined;
        } else {
          log.warn({ err: error, retryMs: Math.round(delayMs) }, cursor ? 'watch failed' : 'list failed');
        }
        await pause(delayMs, signal);
      }
    }
  };

  return {
    name,
    type,
    run,
    get synced() {
      return cache.synced;
    },
    waitForSync: cache.waitForSync,
    get: cache.store.get,
    list: cache.store.list,
    byIndex: cache.store.byIndex,
    addHandler: cache.addHandler,
    lastResourceVersion: cache.lastResourceVersion,
    retryNow() {
      backoff.reset();
      wake();
    },
    addIndexes(indexes) {
      for (const [index, of] of Object.entries(indexes)) cache.store.addIndex(index, of);
    },
  };
}

/** A stream that repeats itself must not take an object back in time. Versions that are not numbers are never older. */
function isOlder(version: string, than: string): boolean {
  return Number(version) < Number(than);
}
