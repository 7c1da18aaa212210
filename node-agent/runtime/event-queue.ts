/** A bounded queue between whoever sees events happen and one reader. */
export interface EventQueue<T> {
  /** Ends the queue when it is full: the reader then lists again, which is cheaper than a backlog. */
  push(item: T): void;
  /** The reader gets what is queued, then the end, or `error`. Idempotent. */
  end(error?: Error): void;
  /** Single use. Ends (without error) when the signal aborts. */
  read(signal: AbortSignal): AsyncGenerator<T, void, undefined>;
}

export function createEventQueue<T>(itemsMax: number): EventQueue<T> {
  const items: T[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const end = (error?: Error): void => {
    if (ended) return;
    ended = true;
    failure = error;
    wake?.();
  };

  return {
    push(item) {
      if (ended) return;
      if (items.length >= itemsMax) return end();
      items.push(item);
      wake?.();
    },
    end,
    async *read(signal) {
      const onAbort = () => wake?.();
      signal.addEventListener('abort', onAbort);
      try {
        while (!signal.aborted) {
          const item = items.shift();
          if (item !== undefined) yield item;
          else if (ended) break;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
        if (failure && !signal.aborted) throw failure;
      } finally {
        signal.removeEventListener('abort', onAbort);
        ended = true;
        items.length = 0;
      }
    },
  };
}
