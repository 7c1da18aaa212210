import type { V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { isStored } from '#client/stored.ts';
import type { Store } from '../store/store.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { CacheView } from './auth/objects.ts';
import { createAnnouncements } from './cache/announcements.ts';
import { createCodec } from './cache/codec.ts';
import { type CacheFeed, createCacheFeed, type FeedTarget } from './cache/feed.ts';
import { createFreshness } from './cache/freshness.ts';
import { type CacheLimits, createKindCache, defaultCacheLimits, type KindCache } from './cache/kind-cache.ts';
import type { FieldGetters } from './cache/object-index.ts';
import { compactPeriodically } from './compaction.ts';
import { createInProcessClient } from './in-process-client.ts';
import type { AdmissionHook } from './registry/admission.ts';
import { createRegistry } from './registry/create-registry.ts';
import type { KindParts, RegistryServices } from './registry/parts.ts';
import type { ResourceRegistry, UserInfo } from './registry/registry.ts';
import { objectKeyOf, storagePrefix } from './registry/storage-key.ts';
import { createViewRegistry } from './registry/view-registry.ts';
import type { ResourceDefinition } from './resource-definition.ts';

/** The API server beneath HTTP: every kind's registry over one store, and clients in process. */
export interface ApiCore {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Starts feeding the caches; resolves once they are filled. They follow the store until the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when everything has ended after the signal of `start` aborted. */
  stopped(): Promise<void>;
  /** Undefined: there is no such resource, or it is never stored (reviews). */
  registry(group: string, version: string, resource: string): ResourceRegistry | undefined;
  /** As `registry`, with the kind's own shape. */
  registryOf<T extends KubeObject>(type: ResourceType<T>): ResourceRegistry<T> | undefined;
  /** What the watch cache holds now, without waiting; undefined for what is not stored as itself. */
  peek<T extends KubeObject>(type: ResourceType<T>): CacheView<T> | undefined;
  /** Resolves once the caches hold everything that was written before the call. */
  current(signal: AbortSignal): Promise<unknown>;
  /** The same array until a definition comes or goes. */
  definitions(): readonly ResourceDefinition[];
  /** In process, on behalf of a user. */
  client(user: UserInfo): ApiClient;
  ready(): Readiness;
  /** A kind that is made at run time; resolves when it can be used. */
  addDefinition(definition: ResourceDefinition): Promise<void>;
  /** Ends its watches; what is stored stays. */
  removeDefinition(type: Pick<ResourceType, 'group' | 'version' | 'resource'>): void;
}

export interface Readiness {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message?: string }[];
}

export interface ApiCoreOptions {
  readonly store: Store;
  readonly definitions: readonly ResourceDefinition[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default: everybody may do everything. */
  readonly authorizer?: Authorizer | undefined;
  readonly admission?: readonly AdmissionHook[] | undefined;
  readonly limits?: Partial<CacheLimits> | undefined;
  /** Default: a minute, as kube-apiserver. */
  readonly bookmarkPeriodMs?: number | undefined;
}

interface Kind {
  readonly definition: ResourceDefinition;
  readonly registry?: ResourceRegistry;
  readonly target?: FeedTarget;
  readonly cache?: KindCache<KubeObject>;
}

export function createApiCore(options: ApiCoreOptions): ApiCore {
  const { store, clock, random, log } = options;
  const limits = { ...defaultCacheLimits, ...options.limits };
  const kinds = new Map<string, Kind>();
  const announcements = createAnnouncements();
  const feed: CacheFeed = createCacheFeed({
    store,
    clock,
    log: log.child({ part: 'watch-cache' }),
    prefix: storagePrefix,
    bookmarkPeriodMs: options.bookmarkPeriodMs ?? 60_000,
  });
  const freshness = createFreshness(store, feed.gate);
  let definitions: readonly ResourceDefinition[] | undefined;
  let namespaceCache: KindCache<KubeObject> | undefined;
  let running: { readonly signal: AbortSignal; readonly ended: Promise<void> } | undefined;

  const services: RegistryServices = {
    store,
    clock,
    random,
    gate: feed.gate,
    admission: options.admission ?? [],
    current: (signal) => freshness.current(signal),
    announce: (storageKey, draft) => announcements.announce(storageKey, draft),
    async namespace(name, signal) {
      const cached = namespaceFromCache(name);
      if (cached) return cached;
      await freshness.current(signal);
      return namespaceFromCache(name);
    },
  };

  const partsOf = <T extends KubeObject>(definition: ResourceDefinition<T>): KindParts<T> => {
    const codec = createCodec(definition.type, definition);
    const { namespaced } = definition.type;
    const indexes = indexedFields(definition);
    return {
      definition,
      codec,
      cache: createKindCache<T>({ codec, namespaced, revision: () => feed.revision, indexes, limits }),
      services,
    };
  };

  const targetOf = ({ definition, codec, cache }: KindParts<KubeObject>): FeedTarget => {
    /** What cannot be read must not stop everything else. */
    const readable = <R>(storageKey: string, read: () => R): R | undefined => {
      try {
        return read();
      } catch (error) {
        log.error({ err: error, key: storageKey }, 'an object in the store cannot be read; it is left out');
        return undefined;
      }
    };
    return {
      path: definition.storagePath,
      reset(entries, revision, resumableFrom) {
        const decode = (entry: (typeof entries)[number]) =>
          readable(entry.key, () => codec.decode(entry.value, entry.revision)) ?? [];
        cache.reset(entries.flatMap(decode), revision, resumableFrom);
      },
      apply(change) {
        const { key, value, revision } = change;
        if (!value) return cache.remove(objectKeyOf(definition, key), revision);
        const entry = announcements.recognise(change) ?? readable(key, () => codec.decode(value, revision));
        if (entry) cache.put(entry);
      },
      bookmark: (revision) => cache.bookmark(revision),
      close: () => cache.close(),
    };
  };

  /** Kinds are looked up by what they are called in URLs. */
  const kindOf = (definition: ResourceDefinition): Kind => {
    const name = nameOf(definition.type);
    if (kinds.has(name)) throw new Error(`${name} is defined twice`);
    if (!definition.verbs.some((verb) => verb !== 'create')) return { definition };
    const { viewOf } = definition;
    if (!viewOf) {
      const parts = partsOf(definition);
      if (name === nameOf(namespaces)) namespaceCache = parts.cache;
      return { definition, registry: createRegistry(parts), target: targetOf(parts), cache: parts.cache };
    }
    const hub = kinds.get(nameOf(viewOf.hub))?.registry;
    if (!hub) throw new Error(`${name} is a view of ${nameOf(viewOf.hub)}, which is not defined`);
    return { definition, registry: createViewRegistry(definition, viewOf, hub) };
  };

  const namespaceFromCache = (name: string): Stored<V1Namespace> | undefined => {
    const object = namespaceCache?.get({ name })?.object;
    return object && isStored(namespaces, object) ? object : undefined;
  };

  const registryOf = <T extends KubeObject>(type: ResourceType<T>): ResourceRegistry<T> | undefined => {
    const registry = kinds.get(nameOf(type))?.registry;
    return registry && isRegistryOf(registry, type) ? registry : undefined;
  };

  const peek = <T extends KubeObject>(type: ResourceType<T>): CacheView<T> | undefined => {
    const kind = kinds.get(nameOf(type));
    const cache = kind?.cache;
    if (!cache) return undefined;
    const own = ({ object }: { object: Stored<KubeObject> }) => (isStored(type, object) ? [object] : []);
    return {
      get(key) {
        const entry = cache.get(key);
        return entry && own(entry)[0];
      },
      byField(field, value) {
        const read = kind.definition.strategy.selectableFields?.[field];
        const found = cache.select({ exact: { [field]: value } });
        return found.filter(({ object }) => read?.(object) === value).flatMap(own);
      },
    };
  };

  // Views after what they are views of.
  for (const definition of options.definitions.toSorted(
    (a, b) => Number(Boolean(a.viewOf)) - Number(Boolean(b.viewOf)),
  )) {
    const kind = kindOf(definition);
    kinds.set(nameOf(definition.type), kind);
    if (kind.target) feed.register(kind.target);
  }

  const core: ApiCore = {
    clock,
    random,
    log,
    async start(signal) {
      if (running) throw new Error('the core has been started already');
      const work = [feed.run(signal), compactPeriodically(store, clock, log, signal)];
      running = { signal, ended: Promise.all(work).then(() => undefined) };
      for (;;) {
        try {
          await freshness.current(signal);
          return;
        } catch (error) {
          signal.throwIfAborted();
          log.warn({ err: error }, 'the store is not ready yet');
          await clock.sleep(startRetryMs, signal);
        }
      }
    },
    stopped: () => running?.ended ?? Promise.resolve(),
    registry: (group, version, resource) => kinds.get(nameOf({ group, version, resource }))?.registry,
    registryOf,
    peek,
    current: (signal) => freshness.current(signal),
    definitions: () => {
      definitions ??= [...kinds.values()].map(({ definition }) => definition);
      return definitions;
    },
    client: (user) => createInProcessClient({ core, user, authorizer: options.authorizer }),
    ready() {
      const checks = [
        { name: 'etcd', ok: feed.live, ...(!feed.live && { message: 'the store cannot be watched' }) },
        { name: 'watch-cache', ok: feed.revision > 0, ...(!feed.revision && { message: 'not filled yet' }) },
      ];
      return { ok: checks.every(({ ok }) => ok), checks };
    },
    async addDefinition(definition) {
      const kind = kindOf(definition);
      if (kind.target && !running) feed.register(kind.target);
      else if (kind.target && running) await feed.join(kind.target, running.signal);
      kinds.set(nameOf(definition.type), kind);
      definitions = undefined;
    },
    removeDefinition(type) {
      const kind = kinds.get(nameOf(type));
      if (kind?.target) feed.remove(kind.target);
      kinds.delete(nameOf(type));
      definitions = undefined;
    },
  };
  return core;
}

const startRetryMs = 200;

const nameOf = ({ group, version, resource }: Pick<ResourceType, 'group' | 'version' | 'resource'>): string =>
  `${resource}.${apiVersionOf({ group, version })}`;

/** The registry was found under the type's own name. */
const isRegistryOf = <T extends KubeObject>(
  registry: ResourceRegistry,
  type: ResourceType<T>,
): registry is ResourceRegistry<T> => registry.definition.type.kind === type.kind;

/** Agents watch the pods of one node, and `kubectl describe` asks for the events of one object. */
const fieldsAskedFor = ['spec.nodeName', 'involvedObject.uid'];

function indexedFields<T extends KubeObject>({ strategy }: ResourceDefinition<T>): FieldGetters<T> {
  const fields = Object.entries(strategy.selectableFields ?? {});
  return Object.fromEntries(fields.filter(([field]) => fieldsAskedFor.includes(field)));
}
