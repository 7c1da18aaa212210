import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { expired } from '#api/status-error.ts';
import type { CachedObject, RegistryEvent } from '../registry/registry.ts';
import type { Codec } from './codec.ts';
import { type CacheEvent, createEventWindow } from './event-window.ts';
import { createObjectIndex, type FieldGetters, relativeKey } from './object-index.ts';
import type { Selection } from './selection.ts';
import { createSubscriptions, type Subscription } from './subscriptions.ts';
import { createWatcher } from './watcher.ts';

export interface CachePage<T extends KubeObject> {
  readonly entries: readonly CachedObject<T>[];
  readonly remaining: number;
}

export interface WatchStart<T extends KubeObject> {
  readonly selection: Selection<T>;
  /** Undefined: start with an ADDED event for everything that is there. Throws Expired when it is too long ago. */
  readonly afterRevision: number | undefined;
  /** After the initial events, one bookmark that says so. */
  readonly initialEventsEnd: boolean;
  /** Now and then a bookmark. */
  readonly bookmarks: boolean;
  readonly signal: AbortSignal;
}

/** The current objects of one kind, their newest past, and who watches them. The feed alone changes it. */
export interface KindCache<T extends KubeObject> {
  readonly size: number;
  /** The revision of the newest change of this kind that may have happened: later ones left it as it is. */
  readonly changedRevision: number;
  get(key: ObjectKey): CachedObject<T> | undefined;
  /** In the order of storage keys. */
  select(selection: Selection<T>): CachedObject<T>[];
  /** The first `limit` after `afterKey` (relative to the namespace, where one is selected), and how many come after them. */
  page(selection: Selection<T>, afterKey: string, limit: number): CachePage<T>;
  watch(start: WatchStart<T>): AsyncIterable<RegistryEvent<T>>;
  put(entry: CachedObject<T>): void;
  remove(key: ObjectKey, revision: number): void;
  /** Called after all changes up to `revision` have been applied. */
  bookmark(revision: number): void;
  /** Starts over with this content; watchers are ended and have to come back. */
  reset(entries: readonly CachedObject<T>[], revision: number, resumableFrom: number): void;
  /** Ends all watchers. */
  close(): void;
}

export interface KindCacheOptions<T extends KubeObject> {
  readonly codec: Codec<T>;
  readonly namespaced: boolean;
  /** The feed's revision. */
  readonly revision: () => number;
  /** Fields with an index of their own. */
  readonly indexes?: FieldGetters<T> | undefined;
  readonly limits: CacheLimits;
}

export interface CacheLimits {
  /** Past events that are kept for each kind. */
  readonly windowEventsMax: number;
  /** The JSON in them. */
  readonly windowBytesMax: number;
  /** Events that a watcher may be behind. */
  readonly watcherEventsMax: number;
}

export const defaultCacheLimits: CacheLimits = {
  windowEventsMax: 8192,
  windowBytesMax: 4 * 1024 * 1024,
  watcherEventsMax: 8192,
};

export function createKindCache<T extends KubeObject>(options: KindCacheOptions<T>): KindCache<T> {
  const { codec, limits } = options;
  const index = createObjectIndex<T>(options.indexes);
  const window = createEventWindow<T>({ eventsMax: limits.windowEventsMax, bytesMax: limits.windowBytesMax });
  const subscriptions = createSubscriptions<T>({
    ...options.indexes,
    'metadata.name': ({ metadata }) => metadata.name,
  });
  let changedRevision = 0;

  const tell = (event: CacheEvent<T>): void => {
    changedRevision = event.revision;
    window.add(event);
    for (const subscription of subscriptions.concernedBy(event.current, event.previous)) {
      const told = translate(event, subscription.selection);
      if (told && !subscription.watcher.push(told)) subscriptions.delete(subscription);
    }
  };

  const select = (selection: Selection<T>): CachedObject<T>[] => {
    const found = candidates(selection);
    const { matches } = selection;
    return matches ? found.filter((entry) => matches(entry.object)) : found;
  };

  const missedSince = (revision: number, selection: Selection<T>): RegistryEvent<T>[] => {
    const shared: RegistryEvent<T>[] = [];
    const later: RegistryEvent<T>[] = [];
    for (const event of window.after(revision)) {
      const told = translate(event, selection);
      if (told) (event.revision === revision ? shared : later).push(told);
    }
    // Of a single event the watcher cannot have seen only a part.
    return shared.length > 1 ? [...shared, ...later] : later;
  };

  const candidates = ({ namespace, exact }: Selection<T>): CachedObject<T>[] => {
    const name = exact?.['metadata.name'];
    if (name !== undefined && (namespace !== undefined || !options.namespaced)) {
      const entry = index.get({ namespace, name });
      return entry ? [entry] : [];
    }
    for (const [field, value] of Object.entries(exact ?? {})) {
      const found = index.byField(field, value);
      if (found) return namespace === undefined ? found : found.filter((entry) => isIn(namespace, entry));
    }
    return index.list(namespace);
  };

  return {
    get size() {
      return index.size;
    },
    get changedRevision() {
      return changedRevision;
    },
    get: index.get,
    select,
    page(selection, afterKey, limit) {
      if (!selection.matches) return index.page(selection.namespace, afterKey, limit);
      const relative = relativeKey(selection.namespace);
      const rest = select(selection).filter((entry) => relative(entry) > afterKey);
      return { entries: rest.slice(0, limit), remaining: Math.max(0, rest.length - limit) };
    },
    watch({ selection, afterRevision, initialEventsEnd, bookmarks, signal }) {
      if (afterRevision !== undefined && afterRevision < window.oldestRevision) {
        throw expired(`too old resource version: ${afterRevision} (${window.oldestRevision})`);
      }
      const missed =
        afterRevision === undefined
          ? select(selection).map((entry): RegistryEvent<T> => ({ type: 'ADDED', entry }))
          : missedSince(afterRevision, selection);
      if (initialEventsEnd) {
        missed.push({ type: 'BOOKMARK', resourceVersion: String(options.revision()), initialEventsEnd: true });
      }
      const watcher = createWatcher<T>({
        first: missed,
        bufferMax: limits.watcherEventsMax,
        signal,
        onClosed: () => subscriptions.delete(subscription),
      });
      const subscription: Subscription<T> = { watcher, selection, bookmarks };
      if (!signal.aborted) subscriptions.add(subscription);
      return watcher;
    },
    put(current) {
      const previous = index.set(current);
      const plain: RegistryEvent<T> = { type: previous ? 'MODIFIED' : 'ADDED', entry: current };
      tell({
        revision: current.revision,
        current,
        previous,
        plain,
        gone: goneEvent(codec, previous, current.revision),
      });
    },
    remove(key, revision) {
      const previous = index.delete(key);
      if (!previous) return;
      const gone = goneEvent(codec, previous, revision);
      tell({ revision, current: undefined, previous, plain: gone(), gone });
    },
    bookmark(revision) {
      const bookmark: RegistryEvent<T> = { type: 'BOOKMARK', resourceVersion: String(revision) };
      for (const subscription of subscriptions.all()) {
        if (subscription.bookmarks && !subscription.watcher.push(bookmark)) subscriptions.delete(subscription);
      }
    },
    reset(entries, revision, resumableFrom) {
      for (const { watcher } of subscriptions.all()) watcher.end();
      subscriptions.clear();
      index.clear();
      for (const entry of entries) index.set(entry);
      window.reset(resumableFrom);
      changedRevision = revision;
    },
    close() {
      for (const { watcher } of subscriptions.all()) watcher.end();
      subscriptions.clear();
    },
  };
}

/** What a watcher with this selection sees of the event: objects that start or cease to match come and go. */
function translate<T extends KubeObject>(
  event: CacheEvent<T>,
  { namespace, matches }: Selection<T>,
): RegistryEvent<T> | undefined {
  const { current, previous } = event;
  if (namespace !== undefined && !isIn(namespace, current ?? previous)) return undefined;
  if (!matches) return event.plain;
  const was = previous !== undefined && matches(previous.object);
  const is = current !== undefined && matches(current.object);
  if (!is) return was ? event.gone() : undefined;
  if (was || !previous) return event.plain;
  return { type: 'ADDED', entry: current };
}

const isIn = (namespace: string, entry: CachedObject | undefined): boolean =>
  entry?.object.metadata.namespace === namespace;

function goneEvent<T extends KubeObject>(
  codec: Codec<T>,
  previous: CachedObject<T> | undefined,
  revision: number,
): () => RegistryEvent<T> {
  let event: RegistryEvent<T> | undefined;
  return () => {
    if (!previous) throw new Error('an object that never was cannot go');
    event ??= { type: 'DELETED', entry: codec.withRevision(previous, revision) };
    return event;
  };
}
