import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { KubeList, KubeObject, ObjectKey, Stored, WatchEvent } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { methodNotAllowed, StatusError } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient, DeleteOptions } from '#client/api-client.ts';
import { isStored } from '#client/stored.ts';
import { patchChange } from './actions/patch.ts';
import { runAction } from './actions/run-action.ts';
import { scaleOf, withScale } from './actions/scale.ts';
import { selectedName } from './auth/attributes.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { permit } from './auth/permit.ts';
import { copyJson } from './registry/json-values.ts';
import type { RegistryEvent, RequestContext, ResourceRegistry, UserInfo } from './registry/registry.ts';

export interface InProcessClientOptions {
  readonly core: ClientCore;
  readonly user: UserInfo;
  /** Default: everything is allowed. */
  readonly authorizer?: Authorizer | undefined;
}

/** What the client needs of the core. */
export interface ClientCore {
  readonly clock: Clock;
  registry(group: string, version: string, resource: string): ResourceRegistry | undefined;
  registryOf<T extends KubeObject>(type: ResourceType<T>): ResourceRegistry<T> | undefined;
  current?(signal: AbortSignal): Promise<unknown>;
}

type Target = Partial<ObjectKey> & { readonly fieldSelector?: string | undefined };

/** The typed verbs without HTTP between: the same registries, the same authorization, the watch cache's own frozen objects. */
export function createInProcessClient({ core, user, authorizer }: InProcessClientOptions): ApiClient {
  /** The kind's registry, once the user may do this with it. */
  const permitted = async <T extends KubeObject>(
    verb: string,
    type: ResourceType<T>,
    { namespace, name: named, fieldSelector }: Target,
    subresource?: string,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ResourceRegistry<T>> => {
    const { group, version, resource } = type;
    const name = named ?? selectedName(fieldSelector);
    const what = { group, version, resource, subresource, namespace, name, fieldSelector };
    const current = core.current && (() => core.current?.(signal) ?? Promise.resolve());
    if (authorizer) await permit(authorizer, user, { kind: 'resource', verb, ...what }, current);
    const registry = core.registryOf(type);
    if (!registry) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
    return registry;
  };

  const contextOf = (options: { readonly signal?: AbortSignal | undefined } = {}): RequestContext => ({
    user,
    signal: options.signal ?? new AbortController().signal,
    warnings: [],
  });

  const update = async <T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: { readonly dryRun?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
    subresource?: string,
  ): Promise<Stored<T>> => {
    const key = keyOf(object);
    const registry = await permitted('update', type, key, subresource);
    const { entry } = await registry.update(contextOf(options), key, copyJson(object), { ...options, subresource });
    return entry.object;
  };

  return {
    async get(type, key, options) {
      const registry = await permitted('get', type, key);
      return (await registry.get(contextOf(options), key, { resourceVersion: options?.resourceVersion })).object;
    },
    async list(type, options = {}) {
      const registry = await permitted('list', type, options);
      const { items, ...metadata } = await registry.list(contextOf(options), options);
      return {
        apiVersion: apiVersionOf(type),
        kind: `${type.kind}List`,
        metadata,
        items: items.map(({ object }) => object),
      } satisfies KubeList<unknown>;
    },
    async *watch(type, options) {
      const { timeoutSeconds, signal, ...query } = options;
      const registry = await permitted('watch', type, options, undefined, options.signal);
      const limited = limitTime(core.clock, timeoutSeconds, signal);
      try {
        const resourceVersionMatch = query.sendInitialEvents === undefined ? undefined : 'NotOlderThan';
        const events = await registry.watch(contextOf({ signal: limited.signal }), { ...query, resourceVersionMatch });
        for await (const event of events) yield eventOf(type, event);
      } finally {
        limited.end();
      }
    },
    async create(type, object, options) {
      const { namespace } = keyOf(object);
      const registry = await permitted('create', type, { namespace });
      return (await registry.create(contextOf(options), copyJson(object), { ...options, namespace })).entry.object;
    },
    update: (type, object, options) => update(type, object, options),
    updateStatus: (type, object, options) => update(type, object, options, 'status'),
    async patch(type, key, patch, options = {}) {
      const registry = await permitted('patch', type, key, options.subresource);
      if (options.subresource === 'scale') throw methodNotAllowed(type, 'patch of scale in process');
      const context = contextOf(options);
      const change = patchChange(registry.definition, patch, options.fieldValidation ?? 'Ignore', context.warnings);
      return (await registry.modify(context, key, change, options)).entry.object;
    },
    async delete(type, key, options = {}) {
      await (await permitted('delete', type, key)).delete(contextOf(options), key, deleteOptionsOf(options));
    },
    async deleteCollection(type, { delete: deleteOptions = {}, ...list }) {
      const registry = await permitted('deletecollection', type, list);
      await registry.deleteCollection(contextOf(list), list, deleteOptions);
    },
    async createSubresource(type, key, subresource, body, options = {}) {
      const { definition } = await permitted('create', type, key, subresource);
      return runAction(core, contextOf(options), definition, key, subresource, copyJson(body), options);
    },
    async getSubresource(type, key, subresource, options) {
      const { definition, ...registry } = await permitted('get', type, key, subresource);
      const { object } = await registry.get(contextOf(options), key, { resourceVersion: options?.resourceVersion });
      return subresource === 'scale' ? scaleOf(definition, object) : object;
    },
    async updateSubresource(type, key, subresource, body, options = {}) {
      const registry = await permitted('update', type, key, subresource);
      const { definition } = registry;
      const query = { ...options, subresource };
      if (subresource === 'scale') {
        const change = (current: KubeObject): KubeObject => withScale(definition, current, body);
        return scaleOf(definition, (await registry.modify(contextOf(options), key, change, query)).entry.object);
      }
      return (await registry.update(contextOf(options), key, copyJson(body), query)).entry.object;
    },
  };
}

const keyOf = ({ metadata }: KubeObject): ObjectKey => ({
  name: metadata?.name ?? '',
  ...(metadata?.namespace && { namespace: metadata.namespace }),
});

function deleteOptionsOf({
  gracePeriodSeconds,
  propagationPolicy,
  preconditions,
  dryRun,
}: DeleteOptions): V1DeleteOptions {
  return {
    gracePeriodSeconds,
    propagationPolicy,
    ...(preconditions && { preconditions: { ...preconditions } }),
    ...(dryRun && { dryRun: ['All'] }),
  };
}

function eventOf<T extends KubeObject>(type: ResourceType<T>, event: RegistryEvent<T>): WatchEvent<Stored<T>> {
  if (event.type !== 'BOOKMARK') return { type: event.type, object: event.entry.object };
  const { resourceVersion, initialEventsEnd } = event;
  const annotations = initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } };
  const object = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name: '', resourceVersion, ...annotations },
  };
  if (!isStored(type, object)) throw new Error(`no bookmark can be made for ${type.kind}`);
  return { type: 'BOOKMARK', object };
}

/** The signal, aborted earlier when the time is over. */
function limitTime(clock: Clock, seconds: number | undefined, signal: AbortSignal) {
  if (seconds === undefined) return { signal, end() {} };
  const limit = new AbortController();
  const abort = (): void => limit.abort();
  const timer = clock.setTimer(seconds * 1000, abort);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return {
    signal: limit.signal,
    end() {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    },
  };
}
