import type { KubeList, KubeObject, ObjectKey, Stored, WatchEvent } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  notFound,
  StatusError,
  staleVersion,
} from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient, ListOptions } from '../api-client.ts';
import { keyOf, keyText } from '../key.ts';
import { deepFreeze, isStored } from '../stored.ts';
import { createTable, type Table } from './memory-table.ts';
import { matcher } from './selectors.ts';

/**
 * A strict ApiClient in memory, for tests of what stands on one. As a server would, it refuses stale writes and creates
 * with a resourceVersion, drops a status that is written with the object, and keeps finalized objects.
 * It knows no defaults, no validation, no grace periods, and of patches only merge patches and, of
 * strategic ones, lists of conditions.
 */
export interface MemoryClient extends ApiClient {
  /** Forgets the past: watches that are not up to date, and pages, get Expired. */
  compact(): void;
  /** Ends every watch, as a server that stops. */
  dropWatches(): void;
  /** Sends a bookmark to every watch that asked for bookmarks. */
  bookmark(): void;
  readonly version: number;
  readonly watches: number;
}

export function createMemoryClient({ clock, random }: { clock: Clock; random: Random }): MemoryClient {
  const tables = new Map<string, Table>();
  const state = { version: 0, oldest: 0, watches: 0 };

  const tableOf = (type: ResourceType): Table => {
    const id = `${type.group}/${type.resource}`;
    const table = tables.get(id) ?? createTable();
    tables.set(id, table);
    return table;
  };

  const find = (type: ResourceType, key: ObjectKey): KubeObject => {
    const object = tableOf(type).objects.get(keyText(key));
    if (!object) throw notFound(type, key.name);
    return object;
  };

  const typed = <T extends KubeObject>(type: ResourceType<T>, object: unknown): Stored<T> => {
    if (!isStored(type, object)) throw badRequest(`this is not a ${type.kind}`);
    return object;
  };

  const write = <T extends KubeObject>(type: ResourceType<T>, object: KubeObject, exists: boolean): Stored<T> => {
    state.version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(state.version) };
    const stored = typed(type, deepFreeze(structuredClone({ ...object, metadata })));
    tableOf(type).put(stored, exists ? 'MODIFIED' : 'ADDED', state.version);
    return stored;
  };

  const remove = (type: ResourceType, object: KubeObject): void => {
    state.version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(state.version) };
    tableOf(type).put(deepFreeze(structuredClone({ ...object, metadata })), 'DELETED', state.version);
  };

  const replace = <T extends KubeObject>(type: ResourceType<T>, next: KubeObject): Stored<T> => {
    const old = find(type, keyOf(next));
    const wanted = next.metadata?.resourceVersion;
    if (wanted && wanted !== old.metadata?.resourceVersion) throw staleVersion(type, old.metadata?.name ?? '');
    const metadata = {
      ...next.metadata,
      uid: old.metadata?.uid,
      creationTimestamp: old.metadata?.creationTimestamp,
      deletionTimestamp: old.metadata?.deletionTimestamp,
    };
    const stored = write(type, { ...next, metadata }, true);
    if (stored.metadata.deletionTimestamp && !stored.metadata.finalizers?.length) remove(type, stored);
    return stored;
  };

  const select = (type: ResourceType, options: ListOptions): KubeObject[] => {
    const matches = matcher(options);
    const all = [...tableOf(type).objects].filter(([, object]) => matches(object));
    return all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  };

  const erase = (type: ResourceType, object: KubeObject): void => {
    if (!object.metadata?.finalizers?.length) remove(type, object);
    else if (!object.metadata.deletionTimestamp) {
      const deletionTimestamp = timestamp(clock);
      write(type, { ...object, metadata: { ...object.metadata, deletionTimestamp } }, true);
    }
  };

  return {
    async get(type, key) {
      return typed(type, find(type, key));
    },
    async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<Stored<T>>> {
      const [at, after] = options.continue?.split('@') ?? [String(state.version), ''];
      if (options.continue && Number(at) < state.oldest) throw expired('The provided continue parameter is too old');
      // Later pages are read from the present: a test that needs an exact past wants the real store.
      const rest = select(type, options).filter((object) => keyText(keyOf(object)) > (after ?? ''));
      const page = rest.slice(0, options.limit ?? rest.length);
      const last = page.at(-1);
      const next = last && page.length < rest.length ? `${at}@${keyText(keyOf(last))}` : undefined;
      return {
        apiVersion: apiVersionOf(type),
        kind: `${type.kind}List`,
        metadata: { resourceVersion: at, ...(next && { continue: next }) },
        items: page.map((object) => typed(type, object)),
      };
    },
    async *watch<T extends KubeObject>(
      type: ResourceType<T>,
      options: Parameters<ApiClient['watch']>[1],
    ): AsyncIterable<WatchEvent<Stored<T>>> {
      const after = Number(options.resourceVersion ?? state.version);
      if (after < state.oldest) throw expired(`too old resource version: ${after} (${state.oldest})`);
      const matches = matcher(options);
      const endMs = options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000;
      state.watches += 1;
      try {
        for await (const change of tableOf(type).follow(after, clock, endMs, options.signal)) {
          if (change.type === 'BOOKMARK') {
            if (!options.allowWatchBookmarks) continue;
            const metadata = { name: '', resourceVersion: String(state.version) };
            const object = { apiVersion: apiVersionOf(type), kind: type.kind, metadata };
            yield { type: 'BOOKMARK', object: typed(type, object) };
            continue;
          }
          const now = change.type !== 'DELETED' && matches(change.object);
          const before = change.previous !== undefined && matches(change.previous);
          const object = typed(type, change.object);
          if (now) yield { type: before ? 'MODIFIED' : 'ADDED', object };
          else if (before) yield { type: 'DELETED', object };
        }
      } finally {
        state.watches -= 1;
      }
    },
    async create(type, object) {
      const metadata = object.metadata ?? {};
      if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
      if (type.namespaced !== Boolean(metadata.namespace)) throw badRequest(`${type.resource}: wrong namespace`);
      const name = metadata.name ?? (metadata.generateName && metadata.generateName + random.suffix(5));
      if (!name) throw badRequest('name or generateName is required');
      if (tableOf(type).objects.has(keyText({ namespace: metadata.namespace, name }))) throw alreadyExists(type, name);
      const { status: _, ...rest }: { status?: unknown } & KubeObject = object;
      return write(
        type,
        {
          ...rest,
          apiVersion: apiVersionOf(type),
          kind: type.kind,
          metadata: { ...metadata, name, uid: random.uuid(), creationTimestamp: timestamp(clock) },
        },
        false,
      );
    },
    async update(type, object) {
      const old: { status?: unknown } & KubeObject = find(type, keyOf(object));
      const identity = { apiVersion: apiVersionOf(type), kind: type.kind };
      return replace(type, { ...object, ...identity, ...('status' in old && { status: old.status }) });
    },
    async updateStatus(type, object) {
      const old = find(type, keyOf(object));
      const { status }: { status?: unknown } & KubeObject = object;
      const resourceVersion = object.metadata?.resourceVersion ?? old.metadata?.resourceVersion;
      return replace(type, { ...old, ...{ status }, metadata: { ...old.metadata, resourceVersion } });
    },
    async patch(type, key, patch, options) {
      if (patch.type === 'json') throw unsupported('json patches');
      const old = find(type, key);
      const merged = mergePatch(old, patch.body, patch.type === 'strategic');
      if (!isJsonObject(merged)) throw badRequest('a patch must leave an object');
      const wanted = options?.subresource === 'status' ? { ...old, status: merged.status } : merged;
      return replace(type, typed(type, wanted));
    },
    async delete(type, key, options) {
      const object = find(type, key);
      const uid = options?.preconditions?.uid;
      if (uid && uid !== object.metadata?.uid) throw conflict(type, key.name, `the UID in the precondition is ${uid}`);
      erase(type, object);
    },
    async deleteCollection(type, options) {
      for (const object of select(type, options)) erase(type, object);
    },
    async createSubresource(type, key, subresource, body) {
      if (type.resource !== 'pods' || subresource !== 'binding') throw unsupported(`${type.resource}/${subresource}`);
      const pod: { spec?: object } & KubeObject = find(type, key);
      if (isJsonObject(pod.spec) && pod.spec.nodeName) {
        throw conflict(
          { group: '', resource: 'pods/binding' },
          key.name,
          `pod ${key.name} is already assigned to node`,
        );
      }
      const { target }: { target?: { name?: string } } & KubeObject = body;
      write(type, { ...pod, ...{ spec: { ...pod.spec, nodeName: target?.name } } }, true);
      return { apiVersion: 'v1', kind: 'Status' };
    },
    async getSubresource(type, _key, subresource) {
      throw unsupported(`${type.resource}/${subresource}`);
    },
    async updateSubresource(type, _key, subresource) {
      throw unsupported(`${type.resource}/${subresource}`);
    },
    compact() {
      state.oldest = state.version;
      for (const table of tables.values()) table.forget();
    },
    dropWatches() {
      for (const table of tables.values()) table.endAll();
    },
    bookmark() {
      for (const table of tables.values()) table.bookmark();
    },
    get version() {
      return state.version;
    },
    get watches() {
      return state.watches;
    },
  };
}

const timestamp = (clock: Clock): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

const unsupported = (what: string): StatusError =>
  new StatusError(501, 'Unknown', `the memory client of the tests does not do ${what}`);

function mergePatch(target: unknown, patch: unknown, strategic: boolean): unknown {
  if (strategic && Array.isArray(patch)) return mergeByType(Array.isArray(target) ? target : [], patch);
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value, strategic);
  }
  return result;
}

function mergeByType(list: readonly unknown[], patches: readonly unknown[]): unknown[] {
  const typeOf = (one: unknown): unknown => (isJsonObject(one) ? one.type : undefined);
  if (!patches.every((patch) => typeof typeOf(patch) === 'string'))
    throw unsupported('strategic patches of such lists');
  const kept = list.map((old) => {
    const patch = patches.find((one) => typeOf(one) === typeOf(old));
    return patch ? mergePatch(old, patch, true) : old;
  });
  const added = patches.filter((patch) => !list.some((old) => typeOf(old) === typeOf(patch)));
  return [...kept, ...added.map((patch) => mergePatch({}, patch, true))];
}
