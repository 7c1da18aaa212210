import type { ContainerRuntime } from '../runtime.ts';

export type Method = Exclude<keyof ContainerRuntime, 'events' | 'close'>;

export interface HollowCall {
  readonly method: Method;
  /** The sandbox, container or image it is about; empty for lists. */
  readonly subject: string;
  readonly atMs: number;
}

export interface CallBook {
  /** Oldest first; holds the last `callsMax`. */
  readonly calls: readonly HollowCall[];
  record(call: HollowCall): void;
  /** One-shot, first in first out per method. `after`: the call does its work, but its answer is lost. */
  injectError(method: Method, error: Error, moment?: 'before' | 'after'): void;
  takeError(method: Method, moment: 'before' | 'after'): Error | undefined;
}

export function createCallBook(callsMax: number): CallBook {
  const calls: HollowCall[] = [];
  const errors = new Map<string, Error[]>();
  return {
    calls,
    record(call) {
      calls.push(call);
      if (calls.length > callsMax) calls.shift();
    },
    injectError(method, error, moment = 'before') {
      const key = `${method} ${moment}`;
      errors.set(key, [...(errors.get(key) ?? []), error]);
    },
    takeError: (method, moment) => errors.get(`${method} ${moment}`)?.shift(),
  };
}
