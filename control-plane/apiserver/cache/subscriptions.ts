import type { KubeObject } from '#api/meta.ts';
import type { CachedObject } from '../registry/registry.ts';
import type { FieldGetters } from './object-index.ts';
import type { Selection } from './selection.ts';
import type { Watcher } from './watcher.ts';

export interface Subscription<T extends KubeObject> {
  readonly watcher: Watcher<T>;
  readonly selection: Selection<T>;
  readonly bookmarks: boolean;
}

/** Who watches a kind, so ordered that an event costs only those whom it may concern: thousands of agents watch one node's pods each. */
export interface Subscriptions<T extends KubeObject> {
  add(subscription: Subscription<T>): void;
  delete(subscription: Subscription<T>): void;
  all(): Iterable<Subscription<T>>;
  /** All whose selection could match one of the states; some of them do not. */
  concernedBy(current: CachedObject<T> | undefined, previous: CachedObject<T> | undefined): Subscription<T>[];
  clear(): void;
}

export function createSubscriptions<T extends KubeObject>(fields: FieldGetters<T>): Subscriptions<T> {
  const getters = Object.entries(fields);
  const general = new Set<Subscription<T>>();
  /** By the value that their selection demands of one field. */
  const special = new Map<string, Map<string, Set<Subscription<T>>>>();

  /** The field that decides where the subscription is kept; undefined: it may concern anything. */
  const decisive = ({ selection: { exact } }: Subscription<T>): readonly [string, string] | undefined => {
    const field = exact && getters.find(([name]) => exact[name] !== undefined)?.[0];
    const value = field && exact?.[field];
    return field !== undefined && value !== undefined ? [field, value] : undefined;
  };

  return {
    add(subscription) {
      const place = decisive(subscription);
      if (!place) {
        general.add(subscription);
        return;
      }
      const byValue = special.get(place[0]) ?? new Map<string, Set<Subscription<T>>>();
      special.set(place[0], byValue);
      const set = byValue.get(place[1]) ?? new Set();
      byValue.set(place[1], set);
      set.add(subscription);
    },
    delete(subscription) {
      const place = decisive(subscription);
      if (!place) {
        general.delete(subscription);
        return;
      }
      const byValue = special.get(place[0]);
      const set = byValue?.get(place[1]);
      set?.delete(subscription);
      if (set?.size === 0) byValue?.delete(place[1]);
    },
    *all() {
      yield* general;
      for (const byValue of special.values()) for (const set of byValue.values()) yield* set;
    },
    concernedBy(current, previous) {
      const concerned = [...general];
      for (const [field, get] of getters) {
        const byValue = special.get(field);
        if (!byValue?.size) continue;
        const is = current && get(current.object);
        const was = previous && get(previous.object);
        if (is !== undefined) concerned.push(...(byValue.get(is) ?? []));
        if (was !== undefined && was !== is) concerned.push(...(byValue.get(was) ?? []));
      }
      return concerned;
    },
    clear() {
      general.clear();
      special.clear();
    },
  };
}
