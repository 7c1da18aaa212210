import type { Clock, Timer } from '#base/clock.ts';
import { createHeap } from '#client/heap.ts';
import { plugins } from './plugins/all.ts';
import type { ClusterEvent, PodInfo } from './types.ts';

/**
 * Pods that wait for a node. Active ones are taken by priority, then by age. One that fits nowhere is parked until
 * something happens that could change that, or for five minutes; it is not tried again before its back-off has passed.
 */
export interface SchedulingQueue {
  /** A new pod, or a new version of one that waits; `changed` says that the new version may fit where the old did not. */
  put(pod: PodInfo, changed: boolean): void;
  remove(uid: string): void;
  /** The next pod; it has left the queue, but its attempts are remembered until `remove`. */
  take(): PodInfo | undefined;
  /** It fits nowhere; `refusing` names the plugins that said so (none: every event wakes it). */
  park(pod: PodInfo, refusing: ReadonlySet<string>): void;
  /** Something went wrong on the way: again after its back-off. */
  retry(pod: PodInfo): void;
  wake(event: ClusterEvent): void;
  /** Resolves when there is an active pod or the signal aborts. */
  waitForPod(signal: AbortSignal): Promise<void>;
  /** Ends its timer. */
  close(): void;
  readonly counts: { readonly active: number; readonly backingOff: number; readonly parked: number };
}

type Place = 'active' | 'backoff' | 'parked' | 'taken';

interface Entry {
  pod: PodInfo;
  place: Place;
  attempts: number;
  /** Not before this, on the monotonic clock. */
  notBeforeMs: number;
  readonly queuedMs: number;
  refusing: ReadonlySet<string>;
  /** Changes with every move: what the heaps hold of an earlier place is stale. */
  moves: number;
}

interface Slot {
  readonly entry: Entry;
  readonly move: number;
  readonly priority: number;
  readonly dueMs: number;
  readonly order: number;
}

const backoffFirstMs = 1_000;
const backoffMaxMs = 10_000;
const parkedMaxMs = 300_000;

const wakers = new Map(plugins.map((plugin) => [plugin.name, new Set(plugin.wakes)]));

export function createSchedulingQueue(clock: Clock): SchedulingQueue {
  const entries = new Map<string, Entry>();
  const parked = new Set<Entry>();
  const active = createHeap<Slot>((a, b) =>
    a.priority !== b.priority ? a.priority > b.priority : a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.order < b.order,
  );
  const later = createHeap<Slot>((a, b) => (a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.order < b.order));
  const waiters = new Set<() => void>();
  const counts = { active: 0, backingOff: 0, parked: 0 };
  let timer: { readonly handle: Timer; readonly dueMs: number } | undefined;
  let order = 0;
  let closed = false;

  const count = (place: Place, by: 1 | -1): void => {
    if (place === 'active') counts.active += by;
    if (place === 'backoff') counts.backingOff += by;
    if (place === 'parked') counts.parked += by;
  };

  const move = (entry: Entry, place: Place): void => {
    count(entry.place, -1);
    count(place, 1);
    parked.delete(entry);
    entry.place = place;
    entry.moves += 1;
    const slot = { entry, move: entry.moves, priority: entry.pod.priority, order: order++ };
    if (place === 'active') {
      active.push({ ...slot, dueMs: entry.queuedMs });
      for (const wake of waiters) wake();
    } else if (place === 'backoff') later.push({ ...slot, dueMs: entry.notBeforeMs });
    else if (place === 'parked') {
      parked.add(entry);
      later.push({ ...slot, dueMs: clock.monotonicMs() + parkedMaxMs });
    }
    arm();
  };

  const isStale = ({ entry, move: at }: Slot): boolean => entry.moves !== at;

  const activate = (entry: Entry): void => move(entry, entry.notBeforeMs > clock.monotonicMs() ? 'backoff' : 'active');

  const arm = (): void => {
    while (later.size > 0) {
      const first = later.peek();
      if (!first || !isStale(first)) break;
      later.pop();
    }
    const first = later.peek();
    if (closed || !first || (timer && timer.dueMs <= first.dueMs)) return;
    timer?.handle.cancel();
    timer = { handle: clock.setTimer(first.dueMs - clock.monotonicMs(), release), dueMs: first.dueMs };
  };

  const release = (): void => {
    timer = undefined;
    const nowMs = clock.monotonicMs();
    for (let first = later.peek(); first && first.dueMs <= nowMs; first = later.peek()) {
      later.pop();
      if (!isStale(first)) move(first.entry, 'active');
    }
    arm();
  };

  const startBackoff = (entry: Entry): void => {
    const backoffMs = Math.min(backoffFirstMs * 2 ** Math.min(entry.attempts - 1, 10), backoffMaxMs);
    entry.notBeforeMs = clock.monotonicMs() + Math.max(0, backoffMs);
  };

  const put = (pod: PodInfo): Entry => {
    const known = entries.get(pod.uid);
    if (known) {
      known.pod = pod;
      return known;
    }
    const nowMs = clock.monotonicMs();
    const entry: Entry = {
      pod,
      place: 'taken',
      attempts: 0,
      notBeforeMs: nowMs,
      queuedMs: nowMs,
      refusing: new Set(),
      moves: 0,
    };
    entries.set(pod.uid, entry);
    return entry;
  };

  return {
    counts,
    put(pod, changed) {
      const isNew = !entries.has(pod.uid);
      const entry = put(pod);
      if (isNew || (changed && entry.place === 'parked')) activate(entry);
    },
    remove(uid) {
      const entry = entries.get(uid);
      if (!entry) return;
      move(entry, 'taken');
      entries.delete(uid);
    },
    take() {
      for (let slot = active.pop(); slot; slot = active.pop()) {
        if (isStale(slot)) continue;
        move(slot.entry, 'taken');
        slot.entry.attempts += 1;
        return slot.entry.pod;
      }
      return undefined;
    },
    park(pod, refusing) {
      const entry = put(pod);
      entry.refusing = refusing;
      startBackoff(entry);
      move(entry, 'parked');
    },
    retry(pod) {
      const entry = put(pod);
      startBackoff(entry);
      move(entry, 'backoff');
    },
    wake(event) {
      for (const entry of [...parked]) {
        const refusing = [...entry.refusing];
        if (refusing.length === 0 || refusing.some((name) => wakers.get(name)?.has(event))) activate(entry);
      }
    },
    waitForPod(signal) {
      if (counts.active > 0 || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          waiters.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiters.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    },
    close() {
      closed = true;
      timer?.handle.cancel();
      timer = undefined;
    },
  };
}
