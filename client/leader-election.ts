import type { ObjectKey } from '#api/meta.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from './api-client.ts';
import { createLeaseLock } from './lease-lock.ts';
import type { Runnable } from './reconciler.ts';

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  /** The coordination.k8s.io Lease that decides; it is made when it is not there. */
  readonly lease: ObjectKey;
  /** Unlike every other candidate's, at any time. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Others wait this long after the last renewal they saw; default 15 s. */
  readonly leaseDurationMs?: number | undefined;
  /** Work stops when the lease was not renewed for this long; default 10 s. */
  readonly renewDeadlineMs?: number | undefined;
  /** Pause between attempts to acquire or renew; default 2 s. */
  readonly retryPeriodMs?: number | undefined;
}

/** The reason of the work's signal when the lease was lost. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

/**
 * Runs the runnables whenever this process holds the lease, until the signal aborts. Their signal aborts early enough
 * that they can never run beside those of another holder who keeps to the lease. On a clean stop the lease is released
 * once they have ended, so that a successor need not wait. Rejects when a runnable does (which is a bug).
 */
export async function runLeaderElected(
  options: LeaderElectionOptions,
  runnables: readonly Runnable[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  if (renewDeadlineMs >= leaseDurationMs || retryPeriodMs >= renewDeadlineMs) {
    throw new TypeError('leader election needs retryPeriodMs < renewDeadlineMs < leaseDurationMs');
  }
  const log = options.log.child({ lease: options.lease.name, identity: options.identity });
  const lock = createLeaseLock({ ...options, leaseDurationMs });

  const tryLock = async (within: AbortSignal): Promise<boolean> => {
    try {
      return await lock.tryAcquire(within);
    } catch (error) {
      if (!within.aborted) log.warn({ err: error }, 'cannot acquire or renew the lease');
      return false;
    }
  };

  const pause = (within: AbortSignal, ms: number): Promise<void> => clock.sleep(ms, within).catch(() => undefined);

  while (!signal.aborted) {
    let heldSinceMs = clock.monotonicMs();
    if (!(await withDeadline(clock, renewDeadlineMs, signal, tryLock))) {
      await pause(signal, retryPeriodMs * (1 + 0.2 * random.next()));
      continue;
    }
    log.info({}, 'became the leader');
    const work = new AbortController();
    const onAbort = (): void => work.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const lose = (): void => work.abort(new LeadershipLost(`the lease was not renewed for ${renewDeadlineMs} ms`));
    const armed = (): Timer => clock.setTimer(heldSinceMs + renewDeadlineMs - clock.monotonicMs(), lose);
    let deadline = armed();
    const ended = Promise.all(
      runnables.map((runnable) =>
        runnable.run(work.signal).catch((error: unknown) => {
          log.error({ err: error, runnable: runnable.name }, 'failed: giving up the lease');
          work.abort(error);
          throw error;
        }),
      ),
    );
    // A failure is awaited below; until then it must not count as unhandled.
    ended.catch(() => undefined);
    while (!work.signal.aborted) {
      await pause(work.signal, retryPeriodMs);
      if (work.signal.aborted) break;
      // Counted from before the request: that is the renewTime others may see.
      const startedMs = clock.monotonicMs();
      if (await tryLock(work.signal)) {
        heldSinceMs = startedMs;
        deadline.cancel();
        deadline = armed();
      } else if (lock.heldByOther) lose();
    }
    deadline.cancel();
    signal.removeEventListener('abort', onAbort);
    if (work.signal.reason instanceof LeadershipLost) log.error({}, 'lost the lease: work stops');
    try {
      await ended;
    } finally {
      await withDeadline(clock, renewDeadlineMs, undefined, lock.release).catch((error: unknown) =>
        log.warn({ err: error }, 'cannot release the lease'),
      );
    }
  }
}

/** Calls with a signal that aborts with `signal` or after `ms`. */
async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  const timer = clock.setTimer(ms, () => controller.abort(new Error(`no answer within ${ms} ms`)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await call(controller.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
