import type { ObjectKey } from '#api/meta.ts';
import { isConflict } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { keyText, parseKey } from './key.ts';
import { createWorkQueue, type WorkQueueOptions } from './queue.ts';
import { type Reconcile, ReconcileTimeout, type Runnable, TerminalError } from './reconciler.ts';
import type { Source } from './sources.ts';

export type ReconcileOutcome = 'done' | 'after' | 'conflict' | 'error' | 'timeout' | 'terminal';

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly sources: readonly Source[];
  /** Keys worked on at once; default 4. */
  readonly concurrency?: number | undefined;
  /** One pass may take this long before its signal aborts; default 60 s. */
  readonly timeoutMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ControllerMetrics | undefined;
  /** Back-off and bound of the queue. */
  readonly queue?: Pick<WorkQueueOptions, 'retryFirstMs' | 'retryMaxMs' | 'retryJitter' | 'keysMax'> | undefined;
}

export interface ControllerMetrics {
  observe(controller: string, outcome: ReconcileOutcome, durationMs: number): void;
}

export interface Controller extends Runnable {
  /** For keys that no source can know. Before `run` they wait. */
  enqueue(key: ObjectKey): void;
  enqueueAfter(key: ObjectKey, delayMs: number): void;
  /** Passes so far, by how they ended. */
  readonly outcomes: Readonly<Record<ReconcileOutcome, number>>;
  /** Nothing is ready and nothing is being worked on; delayed keys may wait. */
  readonly idle: boolean;
}

/** The one loop around every reconciler: it owns the queue, retries, time-outs, counters and the log. */
export function createController(options: ControllerOptions): Controller {
  const { name, reconcile, sources, clock, random, concurrency = 4, timeoutMs = 60_000 } = options;
  const log = options.log.child({ controller: name });
  const queue = createWorkQueue({ clock, random, ...options.queue });
  const outcomes = { done: 0, after: 0, conflict: 0, error: 0, timeout: 0, terminal: 0 };

  /** Calls reconcile once; the pass's signal aborts with the controller's, or when the time is up. */
  const attempt = async (key: string, passLog: Log, signal: AbortSignal): Promise<ReconcileOutcome> => {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = clock.setTimer(timeoutMs, () => controller.abort(new ReconcileTimeout(name, key, timeoutMs)));
    try {
      const result = await reconcile(controller.signal, parseKey(key), passLog);
      queue.forget(key);
      if (result.kind === 'after') queue.addAfter(key, result.delayMs);
      return result.kind;
    } catch (error) {
      if (error instanceof TerminalError) {
        queue.forget(key);
        passLog.error({ err: error }, 'gave up until the object changes');
        return 'terminal';
      }
      const retryMs = Math.round(queue.retry(key));
      if (signal.aborted) return 'error';
      if (controller.signal.reason instanceof ReconcileTimeout) {
        passLog.error({ err: error, timeoutMs, retryMs }, 'took too long');
        return 'timeout';
      }
      if (isConflict(error)) {
        passLog.debug({ err: error, retryMs }, 'somebody else wrote first');
        return 'conflict';
      }
      passLog.error({ err: error, retryMs, failures: queue.failures(key) }, 'failed');
      return 'error';
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  };

  const work = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const key = await queue.take(signal);
      if (key === undefined) return;
      const startedMs = clock.monotonicMs();
      const outcome = await attempt(key, log.child({ key, pass: random.suffix(8) }), signal);
      queue.finish(key);
      outcomes[outcome] += 1;
      options.metrics?.observe(name, outcome, clock.monotonicMs() - startedMs);
    }
  };

  return {
    name,
    outcomes,
    get idle() {
      return queue.ready === 0 && queue.active === 0;
    },
    enqueue: (key) => queue.add(keyText(key)),
    enqueueAfter: (key, delayMs) => queue.addAfter(keyText(key), delayMs),
    async run(signal) {
      try {
        await Promise.all(sources.map((source) => source.waitForSync(signal)));
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const detach = sources.map((source) => source.attach((key) => queue.add(keyText(key))));
      log.debug({}, 'started');
      await Promise.all(Array.from({ length: concurrency }, () => work(signal)));
      for (const remove of detach) remove();
      queue.shutDown();
    },
  };
}
