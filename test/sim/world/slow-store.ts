import type { Clock } from '#base/clock.ts';
import type { Store } from '#control-plane/store/store.ts';

/** How a disk behaves: what each call takes, up to so long, and until when nothing is done at all. */
export interface DiskTrouble {
  readonly latencyMaxMs: number;
  readonly stalledUntilMs: number;
}

export const goodDisk: DiskTrouble = { latencyMaxMs: 0, stalledUntilMs: 0 };

const lookMs = 50;

/** A store on a disk that is slow, or does not sync for a while. Watches bring what is written, when it is. */
export function createSlowStore(store: Store, clock: Clock, next: () => number, trouble: () => DiskTrouble): Store {
  const wait = async (): Promise<void> => {
    const { latencyMaxMs } = trouble();
    if (latencyMaxMs > 0) await clock.sleep(latencyMaxMs * next());
    // It ends for all at once, also when it ends sooner than it was meant to.
    while (clock.now() < trouble().stalledUntilMs)
      await clock.sleep(Math.min(trouble().stalledUntilMs - clock.now(), lookMs));
  };
  const after = async <R>(call: () => Promise<R>): Promise<R> => {
    await wait();
    return call();
  };
  return {
    ...store,
    get: (key, options) => after(() => store.get(key, options)),
    list: (prefix, options) => after(() => store.list(prefix, options)),
    create: (key, value, options) => after(() => store.create(key, value, options)),
    update: (key, value, expected, options) => after(() => store.update(key, value, expected, options)),
    delete: (key, expected, options) => after(() => store.delete(key, expected, options)),
    currentRevision: (options) => after(() => store.currentRevision(options)),
  };
}
