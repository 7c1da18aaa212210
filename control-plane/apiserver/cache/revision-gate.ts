import { StatusError, serviceUnavailable } from '#api/status-error.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Revision } from '../../store/store.ts';

/** Lets readers wait until the caches have passed a revision. */
export interface RevisionGate {
  readonly revision: Revision;
  /** Rejects with a StatusError (504) when it takes too long, (503) when the feed ends, or with the signal's reason. */
  wait(revision: Revision, signal: AbortSignal): Promise<void>;
  pass(revision: Revision): void;
  /** The caches have to be filled anew. */
  reset(): void;
  close(): void;
}

/** As kube-apiserver: how long a read waits for the cache before it says so. */
const waitMaxMs = 3000;

interface Waiter {
  readonly revision: Revision;
  readonly done: (error?: unknown) => void;
}

export function createRevisionGate(clock: Clock): RevisionGate {
  let current = 0;
  let closed = false;
  const waiters = new Set<Waiter>();

  return {
    get revision() {
      return current;
    },
    wait(revision, signal) {
      if (closed) return Promise.reject(serviceUnavailable('the server is shutting down'));
      if (current >= revision && current > 0) return Promise.resolve();
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const onAbort = (): void => waiter.done(signal.reason);
        let timer: Timer | undefined;
        const waiter: Waiter = {
          revision,
          done(error) {
            timer?.cancel();
            signal.removeEventListener('abort', onAbort);
            waiters.delete(waiter);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        timer = clock.setTimer(waitMaxMs, () => waiter.done(tooLargeVersion(revision, current)));
        signal.addEventListener('abort', onAbort, { once: true });
        waiters.add(waiter);
      });
    },
    pass(revision) {
      if (revision <= current) return;
      current = revision;
      for (const waiter of waiters) if (waiter.revision <= revision) waiter.done();
    },
    reset() {
      current = 0;
    },
    close() {
      closed = true;
      for (const waiter of waiters) waiter.done(serviceUnavailable('the server is shutting down'));
    },
  };
}

/** What kube-apiserver answers to a version it has not seen yet. */
export function tooLargeVersion(asked: Revision, current: Revision): StatusError {
  return new StatusError(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
