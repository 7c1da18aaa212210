import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { KubeList, KubeObject, ObjectKey, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';

/**
 * The typed verbs of the Kubernetes API. Two implementations: in process (hands out the watch cache's own frozen
 * objects: never change what you got, make a new object) and over HTTPS. Every method rejects with a StatusError.
 */
export interface ApiClient {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: GetOptions): Promise<Stored<T>>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<Stored<T>>>;
  /**
   * Ends without an error when the server closes the stream (then watch again from the last version seen).
   * Throws a StatusError with reason Expired when the version is too old (then list again).
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<Stored<T>>>;
  /** The namespace is `object.metadata.namespace`. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Conditional on `metadata.resourceVersion` when the object carries one. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Writes only `.status`. */
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions & { subresource?: string },
  ): Promise<Stored<T>>;
  /** Resolves once the request is accepted; the object may still be there (grace period, finalizers). */
  delete<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions & { delete?: V1DeleteOptions },
  ): Promise<void>;
  /** POSTs to a subresource, for example `binding`, `eviction`. */
  createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
  /** GETs or PUTs an object under a subresource such as `scale` or `finalize`. */
  getSubresource(type: ResourceType, key: ObjectKey, subresource: string, options?: GetOptions): Promise<KubeObject>;
  updateSubresource(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
}

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  /** `'0'`: whatever version is cached will do. Absent: the most recent one. */
  readonly resourceVersion?: string | undefined;
}

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly signal: AbortSignal;
}

export interface WriteOptions {
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict' | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

export type Patch =
  | { readonly type: 'json'; readonly body: readonly object[] }
  | { readonly type: 'merge' | 'strategic'; readonly body: object };
