/** A bounded number of calls at once. */
export interface Slots {
  /** Starts the call, which must not reject. Call only after `free` has resolved. */
  start(call: () => Promise<void>): void;
  /** Resolves when another call may start. */
  free(): Promise<void>;
  /** Resolves when none is under way. */
  drained(): Promise<void>;
}

export function createSlots(callsMax: number): Slots {
  let running = 0;
  let waiting: (() => void)[] = [];

  const ended = (): void => {
    running -= 1;
    const wake = waiting;
    waiting = [];
    for (const one of wake) one();
  };

  const waitUntil = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };

  return {
    start(call) {
      running += 1;
      call().then(ended, ended);
    },
    free: () => waitUntil(() => running < callsMax),
    drained: () => waitUntil(() => running === 0),
  };
}
