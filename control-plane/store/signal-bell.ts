/** Wakes everyone who waits, once per ring. */
export interface SignalBell {
  ring(): void;
  /** Resolves at the next ring or when the signal aborts. */
  wait(signal?: AbortSignal): Promise<void>;
}

export function createSignalBell(): SignalBell {
  let waiting = new Set<() => void>();
  return {
    ring() {
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    wait(signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
  };
}
