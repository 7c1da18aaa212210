import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { isStoreError } from '../store/errors.ts';
import type { Revision, Store } from '../store/store.ts';

/** As kube-apiserver: the past can be read for five to ten minutes. */
const compactionPeriodMs = 5 * 60_000;

/** Forgets what is older than one period. Several servers may do so on one store. Ends when the signal aborts. */
export async function compactPeriodically(store: Store, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  let previous: Revision | undefined;
  let compacted: Revision | undefined;
  while (!signal.aborted) {
    try {
      const revision = await store.currentRevision({ signal });
      if (previous !== undefined && previous !== compacted) await store.compact(previous);
      compacted = previous;
      previous = revision;
    } catch (error) {
      // Another server compacted further.
      if (!isStoreError(error, 'compacted')) log.warn({ err: error }, 'the store could not be compacted');
    }
    await clock.sleep(compactionPeriodMs, signal).catch(() => undefined);
  }
}
