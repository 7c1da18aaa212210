/** Pulls: each image and credential once at a time, and not too many at once. */
import type { Clock } from '#base/clock.ts';
import type { ImageAuth, ImageRuntime } from '../runtime/runtime.ts';

export interface Pulled {
  readonly reference: string;
  /** Of the pull itself, without the wait for a free place. */
  readonly pullMs: number;
}

export interface PullQueue {
  /** Tries the credentials in turn, or none when there is none; rejects with the last failure. */
  pull(image: string, auths: readonly ImageAuth[], signal: AbortSignal): Promise<Pulled>;
}

interface SharedPull {
  readonly result: Promise<Pulled>;
  readonly abort: AbortController;
  waiters: number;
}

export function createPullQueue(runtime: Pick<ImageRuntime, 'pullImage'>, clock: Clock, pullsMax: number): PullQueue {
  const shared = new Map<string, SharedPull>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const enter = async (): Promise<void> => {
    if (running >= pullsMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  };
  const leave = (): void => {
    const next = waiting.shift();
    // The place goes over to the next one, so that nobody slips in between.
    if (next) next();
    else running -= 1;
  };

  const run = async (image: string, auths: readonly ImageAuth[], signal: AbortSignal): Promise<Pulled> => {
    await enter();
    const startMs = clock.monotonicMs();
    try {
      signal.throwIfAborted();
      let failure: unknown;
      for (const auth of auths.length > 0 ? auths : [undefined]) {
        try {
          const reference = await runtime.pullImage(image, auth, signal);
          return { reference, pullMs: clock.monotonicMs() - startMs };
        } catch (error) {
          failure = error;
          if (signal.aborted) break;
        }
      }
      throw failure;
    } finally {
      leave();
    }
  };

  const begin = (key: string, image: string, auths: readonly ImageAuth[]): SharedPull => {
    const abort = new AbortController();
    const made: SharedPull = { result: run(image, auths, abort.signal), abort, waiters: 0 };
    const forget = () => void (shared.get(key) === made && shared.delete(key));
    made.result.then(forget, forget);
    shared.set(key, made);
    return made;
  };

  return {
    async pull(image, auths, signal) {
      const key = JSON.stringify([image, auths]);
      const pull = shared.get(key) ?? begin(key, image, auths);
      pull.waiters += 1;
      let leaveEarly = (): void => {};
      const given = new Promise<never>((_resolve, reject) => {
        leaveEarly = () => reject(signal.reason);
        if (signal.aborted) leaveEarly();
        signal.addEventListener('abort', leaveEarly, { once: true });
      });
      try {
        return await Promise.race([pull.result, given]);
      } finally {
        signal.removeEventListener('abort', leaveEarly);
        pull.waiters -= 1;
        if (pull.waiters === 0) {
          // Nobody wants it any more; a next one begins anew.
          if (shared.get(key) === pull) shared.delete(key);
          pull.abort.abort(new Error('nobody waits for the image any more'));
        }
      }
    },
  };
}
