import { timeout } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';

/** A signal that follows others and can be aborted from within; `release` ends the following. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  follow(parent: AbortSignal): void;
  abort(reason: Error): void;
  release(): void;
}

export function linkSignal(first: AbortSignal): LinkedSignal {
  const controller = new AbortController();
  const parents: AbortSignal[] = [];
  const onAbort = (event: Event) => {
    const { target } = event;
    controller.abort(target instanceof AbortSignal ? target.reason : undefined);
  };
  const follow = (parent: AbortSignal) => {
    if (parent.aborted) return controller.abort(parent.reason);
    parents.push(parent);
    parent.addEventListener('abort', onAbort, { once: true });
  };
  follow(first);
  return {
    signal: controller.signal,
    follow,
    abort: (reason) => controller.abort(reason),
    release: () => {
      for (const parent of parents) parent.removeEventListener('abort', onAbort);
    },
  };
}

/** Rejects with 504 after `limitMs`, whatever `work` does, and aborts `linked` so that it stops. */
export function withDeadline<T>(clock: Clock, limitMs: number, linked: LinkedSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limitMs, () => {
      const error = timeout(`Timeout: request did not complete within the allotted timeout of ${limitMs / 1000} s`);
      linked.abort(error);
      reject(error);
    });
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
