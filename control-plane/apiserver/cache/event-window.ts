import type { KubeObject } from '#api/meta.ts';
import type { CachedObject, RegistryEvent } from '../registry/registry.ts';

/** One change of one object, as the cache saw it. */
export interface CacheEvent<T extends KubeObject> {
  readonly revision: number;
  readonly current: CachedObject<T> | undefined;
  readonly previous: CachedObject<T> | undefined;
  /** What a watcher without selectors gets. */
  readonly plain: RegistryEvent<T>;
  /** What a watcher gets whose selector matched only the previous state; made once. */
  gone(): RegistryEvent<T>;
}

/** The newest events of one kind, bounded by count and by bytes, for watchers that come back. */
export interface EventWindow<T extends KubeObject> {
  /** The oldest version a watcher may resume from. */
  readonly oldestRevision: number;
  add(event: CacheEvent<T>): void;
  /**
   * What a watcher that has seen up to `revision` still has to see. Writes that were committed together share a revision,
   * and a watcher may have been cut off between them: where several events share exactly `revision`, all are told again.
   */
  after(revision: number): readonly CacheEvent<T>[];
  /** Forgets everything; nobody may resume from before `revision`. */
  reset(revision: number): void;
}

export interface EventWindowLimits {
  readonly eventsMax: number;
  /** Of the objects' JSON; what they weigh in memory is about three times that. A few events stay whatever they weigh. */
  readonly bytesMax: number;
}

/** However large: who comes back after a moment need not read everything anew. */
const eventsMin = 16;

export function createEventWindow<T extends KubeObject>({ eventsMax, bytesMax }: EventWindowLimits): EventWindow<T> {
  let events: CacheEvent<T>[] = [];
  let bytes = 0;
  let oldestRevision = 0;

  const evict = (): void => {
    // Half at once, so that the cost of moving the rest is spread over many events.
    const cut = events[events.length >> 1];
    if (!cut) return;
    const evicted = events.filter((event) => event.revision <= cut.revision);
    events = events.slice(evicted.length);
    bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
    // Inside a revision of several events nobody can resume any more, at the end of a single one they can.
    const shared = evicted.at(-2)?.revision === cut.revision;
    oldestRevision = shared ? cut.revision + 1 : cut.revision;
  };

  return {
    get oldestRevision() {
      return oldestRevision;
    },
    add(event) {
      events.push(event);
      bytes += bytesOf(event);
      while (events.length > eventsMax || (bytes > bytesMax && events.length > eventsMin)) evict();
    },
    after(revision) {
      const next = firstAfter(events, revision);
      const own = firstAfter(events, revision - 1);
      return events.slice(next - own >= 2 ? own : next);
    },
    reset(revision) {
      events = [];
      bytes = 0;
      oldestRevision = revision;
    },
  };
}

const bytesOf = ({ current, previous }: CacheEvent<KubeObject>): number => (current ?? previous)?.json.length ?? 0;

/** Index of the first event with a revision greater than `revision`. */
function firstAfter(events: readonly { readonly revision: number }[], revision: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
