import type { Revision, Store } from '../../store/store.ts';
import type { RevisionGate } from './revision-gate.ts';

/** Makes reads from the caches linearizable. */
export interface Freshness {
  /** Resolves once the caches hold everything that was written before the call; with the revision that proves it. */
  current(signal: AbortSignal): Promise<Revision>;
}

/**
 * Asks the store for its revision and waits until the caches have passed it. Callers that arrive while the store is being
 * asked share the next question: the answer to a question asked before they came proves nothing for them.
 */
export function createFreshness(store: Pick<Store, 'currentRevision'>, gate: RevisionGate): Freshness {
  let asking: Promise<unknown> | undefined;
  let next: Promise<Revision> | undefined;

  const ask = (): Promise<Revision> => {
    if (next) return next;
    const question = (asking ?? Promise.resolve()).then(async () => {
      next = undefined;
      return store.currentRevision();
    });
    next = question;
    const settled = question.then(
      () => undefined,
      () => undefined,
    );
    asking = settled;
    return question;
  };

  return {
    async current(signal) {
      const revision = await abortable(ask(), signal);
      await gate.wait(revision, signal);
      return gate.revision;
    },
  };
}

/** Rejects with the signal's reason when it aborts first; the work goes on for others. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
