import type { ObjectKey } from '#api/meta.ts';
import type { Log } from '#base/log.ts';

/**
 * Moves one object one step from the state that is towards the state that is wanted. It gets a key, never an event: it
 * looks up the rest. Throwing requeues with back-off; nothing is dropped. Throw TerminalError for what no retry can mend.
 * `log` carries the controller, the key and an id of this pass.
 */
export type Reconcile = (signal: AbortSignal, key: ObjectKey, log?: Log) => Promise<ReconcileResult>;

/** `done`: until the next event. `after`: look again then, whatever happens. */
export type ReconcileResult = { readonly kind: 'done' } | { readonly kind: 'after'; readonly delayMs: number };

export const done: ReconcileResult = { kind: 'done' };
export const after = (delayMs: number): ReconcileResult => ({ kind: 'after', delayMs });

/** Logged and counted, not retried until the object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** The reason of a pass's signal when its time was up. */
export class ReconcileTimeout extends Error {
  override readonly name = 'ReconcileTimeout';

  constructor(controller: string, key: string, timeoutMs: number) {
    super(`controller ${controller} worked on ${key} for more than ${timeoutMs} ms`);
  }
}

/** Something that runs until its signal aborts: a controller, the scheduler, the agent's loops. */
export interface Runnable {
  readonly name: string;
  /** Resolves after the signal has aborted and all work has ended. Rejects only on a bug. */
  run(signal: AbortSignal): Promise<void>;
}
