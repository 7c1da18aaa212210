import type { KubeList, KubeObject, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { internalError } from '#api/status-error.ts';
import type { ClusterAccess } from './access.ts';
import type { ApiClient, ListOptions, Patch, WatchOptions, WriteOptions } from './api-client.ts';
import { createTransport, type RawRequest, type Transport } from './http/transport.ts';
import { collectionPath, objectPath, withQuery } from './http/urls.ts';
import { watchStream } from './http/watch-stream.ts';
import { keyOf } from './key.ts';
import { deepFreeze, isStored } from './stored.ts';

/** The ApiClient over HTTPS, with the transport beneath it for what is not typed (tables, logs, discovery). */
export interface HttpClient extends ApiClient {
  readonly access: ClusterAccess;
  readonly transport: Transport;
  /** Sends a request and parses the JSON of the answer. */
  json(request: RawRequest): Promise<unknown>;
  /** Cuts all connections; what is under way fails, and later requests make new ones. */
  reset(): void;
  close(): Promise<void>;
}

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** `transport`: another way to the same server, such as one that looks at what passes. */
export function createHttpClient(access: ClusterAccess, transport: Transport = createTransport(access)): HttpClient {
  const json = async (request: RawRequest): Promise<unknown> => {
    const response = await transport.request(request);
    const text = await response.body.text();
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw internalError(`${request.method} ${request.path} was answered with something that is not JSON`, cause);
    }
  };
  const object = async <T extends KubeObject>(
    type: ResourceType<T>,
    request: RawRequest,
    dryRun = false,
  ): Promise<Stored<T>> => {
    const value = await json(request);
    if (!isStored(type, value) && !(dryRun && isUnstored(type, value))) throw unexpected(type, request);
    return deepFreeze(value);
  };
  const anyObject = async (type: ResourceType, request: RawRequest): Promise<KubeObject> => {
    const value = await json(request);
    if (!isKubeObject(value)) throw unexpected(type, request);
    return value;
  };
  const write = <T extends KubeObject>(
    type: ResourceType<T>,
    method: 'POST' | 'PUT',
    path: string,
    body: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> => {
    const text = JSON.stringify(withKind(type, body));
    const request = { method, path: withQuery(path, writeQuery(options)), body: text, signal: options.signal };
    return object(type, request, options.dryRun);
  };

  return {
    access,
    transport,
    json,
    reset: () => transport.reset(),
    close: () => transport.close(),
    get: (type, key, options = {}) =>
      object(type, {
        method: 'GET',
        path: withQuery(objectPath(type, key), { resourceVersion: options.resourceVersion }),
        signal: options.signal,
      }),
    async list<T extends KubeObject>(type: ResourceType<T>, { namespace, signal, ...query }: ListOptions = {}) {
      const request: RawRequest = { method: 'GET', path: withQuery(collectionPath(type, namespace), query), signal };
      return listOf(type, await json(request), request);
    },
    watch: (type, options) => watchStream(transport, type, watchPath(type, options), options.signal),
    create: (type, body, options) => write(type, 'POST', collectionPath(type, body.metadata?.namespace), body, options),
    update: (type, body, options) => write(type, 'PUT', objectPath(type, keyOf(body)), body, options),
    updateStatus: (type, body, options) => write(type, 'PUT', objectPath(type, keyOf(body), 'status'), body, options),
    patch: (type, key, patch, options = {}) =>
      object(type, {
        method: 'PATCH',
        path: withQuery(objectPath(type, key, options.subresource), writeQuery(options)),
        contentType: patchTypes[patch.type],
        body: JSON.stringify(patch.body),
        signal: options.signal,
      }),
    async delete(type, key, options = {}) {
      const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun, signal } = options;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds,
        propagationPolicy,
        preconditions,
        // Where there is a body, servers read no options from the query.
        ...(dryRun && { dryRun: ['All'] }),
      };
      await json({ method: 'DELETE', path: objectPath(type, key), body: JSON.stringify(body), signal });
    },
    async deleteCollection(type, { namespace, signal, delete: deleteOptions, ...query }) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...deleteOptions };
      const path = withQuery(collectionPath(type, namespace), query);
      await json({ method: 'DELETE', path, body: JSON.stringify(body), signal });
    },
    createSubresource: (type, key, subresource, body, options = {}) =>
      anyObject(type, {
        method: 'POST',
        path: withQuery(objectPath(type, key, subresource), writeQuery(options)),
        body: JSON.stringify(body),
        signal: options.signal,
      }),
    getSubresource: (type, key, subresource, options = {}) =>
      anyObject(type, { method: 'GET', path: objectPath(type, key, subresource), signal: options.signal }),
    updateSubresource: (type, key, subresource, body, options = {}) =>
      anyObject(type, {
        method: 'PUT',
        path: withQuery(objectPath(type, key, subresource), writeQuery(options)),
        body: JSON.stringify(body),
        signal: options.signal,
      }),
  };
}

const watchPath = (type: ResourceType, { namespace, signal: _, ...query }: WatchOptions): string =>
  withQuery(collectionPath(type, namespace), {
    watch: true,
    ...query,
    // The server insists on the pair.
    resourceVersionMatch: query.sendInitialEvents ? 'NotOlderThan' : undefined,
  });

const writeQuery = ({ dryRun, fieldManager, fieldValidation }: WriteOptions) => ({
  dryRun: dryRun ? 'All' : undefined,
  fieldManager,
  fieldValidation,
});

const withKind = <T extends KubeObject>(type: ResourceType<T>, object: T): T => ({
  ...object,
  apiVersion: apiVersionOf(type),
  kind: type.kind,
});

/** Items of a list come without kind and apiVersion; here they get them, as a single object has. */
function listOf<T extends KubeObject>(type: ResourceType<T>, value: unknown, request: RawRequest): KubeList<Stored<T>> {
  if (!isJsonObject(value) || !Array.isArray(value.items)) throw unexpected(type, request);
  const items = value.items.map((item: unknown) => {
    const complete = isJsonObject(item) ? { ...item, apiVersion: apiVersionOf(type), kind: type.kind } : item;
    if (!isStored(type, complete)) throw unexpected(type, request);
    return deepFreeze(complete);
  });
  const metadata = isJsonObject(value.metadata) ? value.metadata : {};
  return { apiVersion: apiVersionOf(type), kind: `${type.kind}List`, metadata, items };
}

/** What a dry run would have stored: it has no version yet. */
const isUnstored = <T extends KubeObject>(type: ResourceType<T>, value: unknown): value is Stored<T> =>
  isJsonObject(value) && value.kind === type.kind && value.apiVersion === apiVersionOf(type);

const isKubeObject = (value: unknown): value is KubeObject => isJsonObject(value) && typeof value.kind === 'string';

const unexpected = (type: ResourceType, { method, path }: RawRequest): Error =>
  internalError(`${method} ${path} was answered with something that is not a ${type.kind}`);
