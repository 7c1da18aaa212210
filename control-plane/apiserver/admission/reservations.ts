import type { Clock } from '#base/clock.ts';

/** Until a written service is seen in the cache; a write takes no longer than a request may. */
const holdMs = 60_000;

/** Values that were handed out to an owner and may not show in the cache yet. The same owner may ask for its own again. */
export interface Reservations<T> {
  /** Held by others than `owner`. */
  heldByOthers(owner: string): T[];
  hold(value: T, owner: string): void;
  release(value: T): void;
}

export function createReservations<T>(clock: Clock): Reservations<T> {
  const held = new Map<T, { readonly owner: string; readonly untilMs: number }>();
  const forgetOld = () => {
    const nowMs = clock.monotonicMs();
    // In order of age: the first that is still good ends the search.
    for (const [value, { untilMs }] of held) {
      if (untilMs > nowMs) break;
      held.delete(value);
    }
  };
  return {
    heldByOthers(owner) {
      forgetOld();
      return [...held].filter(([, entry]) => entry.owner !== owner).map(([value]) => value);
    },
    hold(value, owner) {
      held.delete(value);
      held.set(value, { owner, untilMs: clock.monotonicMs() + holdMs });
    },
    release: (value) => void held.delete(value),
  };
}
