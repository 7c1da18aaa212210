import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/**
 * The verbs of one kind, above the store and below HTTP: defaulting, validation, admission, optimistic concurrency,
 * graceful deletion, finalizers, selectors and pages. Every method rejects with a StatusError.
 */
export interface ResourceRegistry<T extends KubeObject = KubeObject> {
  readonly definition: ResourceDefinition<T>;
  get(context: RequestContext, key: ObjectKey, options: ReadQuery): Promise<CachedObject<T>>;
  list(context: RequestContext, options: ListQuery): Promise<ListResult<T>>;
  watch(context: RequestContext, options: WatchQuery): Promise<AsyncIterable<RegistryEvent<T>>>;
  create(
    context: RequestContext,
    object: T,
    options: WriteQuery & { namespace?: string | undefined },
  ): Promise<WriteResult<T>>;
  /** `created` is true when PUT made a new object (kinds that allow it). */
  update(
    context: RequestContext,
    key: ObjectKey,
    object: T,
    options: WriteQuery & { subresource?: string | undefined },
  ): Promise<WriteResult<T>>;
  /**
   * Optimistic loop around `change`, a pure function from the current object (a private copy it may change) to the wanted
   * one; used by patch, scale and the server's own actions. Retries on conflict unless the change sets a resourceVersion.
   */
  modify(
    context: RequestContext,
    key: ObjectKey,
    change: (current: T) => T,
    options: WriteQuery & { subresource?: string | undefined },
  ): Promise<WriteResult<T>>;
  delete(context: RequestContext, key: ObjectKey, options: V1DeleteOptions): Promise<DeleteResult<T>>;
  deleteCollection(
    context: RequestContext,
    list: ListQuery,
    options: V1DeleteOptions,
  ): Promise<readonly CachedObject<T>[]>;
}

/**
 * The frozen object beside its JSON, which is made once. `json` is what GET answers, without a newline. Text and not bytes: thousands
 * of small buffers that live long, among those that do not, leave the C library's heap full of holes (docs/decisions/0007).
 */
export interface CachedObject<T extends KubeObject = KubeObject> {
  readonly object: Stored<T>;
  readonly json: string;
  readonly revision: number;
}

export interface RequestContext {
  readonly user: UserInfo;
  readonly signal: AbortSignal;
  /** Warnings for the response's Warning headers are collected here. */
  readonly warnings: string[];
}

export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** Of a node: when its certificate was issued, in milliseconds since the epoch. */
  readonly issuedMs?: number | undefined;
}

export interface ReadQuery {
  /** '0': whatever is cached. Absent: not older than the store is now. */
  readonly resourceVersion?: string | undefined;
}

export interface ListQuery {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

export interface WatchQuery extends ListQuery {
  readonly allowWatchBookmarks?: boolean | undefined;
  readonly sendInitialEvents?: boolean | undefined;
}

export interface WriteQuery {
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface ListResult<T extends KubeObject> {
  readonly items: readonly CachedObject<T>[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WriteResult<T extends KubeObject> {
  readonly entry: CachedObject<T>;
  readonly created: boolean;
}

export interface DeleteResult<T extends KubeObject> {
  readonly entry: CachedObject<T>;
  /** False while a grace period or finalizers keep it: answer 200 with the object; true: 200 with a Status. */
  readonly gone: boolean;
}

export type RegistryEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly entry: CachedObject<T> }
  /** `initialEventsEnd`: carries the annotation k8s.io/initial-events-end. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd?: boolean };
