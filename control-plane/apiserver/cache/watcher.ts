import type { KubeObject } from '#api/meta.ts';
import type { RegistryEvent } from '../registry/registry.ts';

/** The cache's end of one watch: a bounded buffer between the feed and whoever iterates. */
export interface Watcher<T extends KubeObject> extends AsyncIterable<RegistryEvent<T>> {
  /** Returns false when the buffer was full: the watcher is cut off, hands out what it has, and ends. */
  push(event: RegistryEvent<T>): boolean;
  /** Lets the iteration end after what is buffered. */
  end(): void;
}

export interface WatcherOptions<T extends KubeObject> {
  /** Handed out before the buffer; already bounded by whoever made it. */
  readonly first: Iterable<RegistryEvent<T>>;
  readonly bufferMax: number;
  readonly signal: AbortSignal;
  /** Called once, when nobody listens any more; not for a signal that had aborted before. */
  readonly onClosed: () => void;
}

export function createWatcher<T extends KubeObject>(options: WatcherOptions<T>): Watcher<T> {
  const { bufferMax, signal } = options;
  const first = options.first[Symbol.iterator]();
  let firstDone = false;
  let buffer: RegistryEvent<T>[] = [];
  let head = 0;
  let ended = signal.aborted;
  let closed = signal.aborted;
  let waiting: ((result: IteratorResult<RegistryEvent<T>>) => void) | undefined;

  const close = (): void => {
    if (closed) return;
    closed = true;
    ended = true;
    buffer = [];
    head = 0;
    signal.removeEventListener('abort', close);
    waiting?.({ done: true, value: undefined });
    waiting = undefined;
    options.onClosed();
  };
  signal.addEventListener('abort', close, { once: true });

  const take = (): RegistryEvent<T> | undefined => {
    if (!firstDone) {
      const result = first.next();
      if (!result.done) return result.value;
      firstDone = true;
    }
    const event = buffer[head];
    if (event === undefined) return undefined;
    head++;
    if (head === buffer.length) {
      buffer = [];
      head = 0;
    }
    return event;
  };

  const iterator: AsyncIterator<RegistryEvent<T>> = {
    next() {
      if (closed) return Promise.resolve({ done: true, value: undefined });
      const event = take();
      if (event) return Promise.resolve({ done: false, value: event });
      if (ended) {
        close();
        return Promise.resolve({ done: true, value: undefined });
      }
      if (waiting) return Promise.reject(new Error('one watch is iterated twice'));
      return new Promise((resolve) => {
        waiting = resolve;
      });
    },
    return() {
      close();
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  const end = (): void => {
    ended = true;
    if (waiting) close();
  };

  return {
    push(event) {
      if (ended) return false;
      if (waiting) {
        const resolve = waiting;
        waiting = undefined;
        resolve({ done: false, value: event });
        return true;
      }
      if (buffer.length - head >= bufferMax) {
        end();
        return false;
      }
      buffer.push(event);
      return true;
    },
    end,
    [Symbol.asyncIterator]: () => iterator,
  };
}
