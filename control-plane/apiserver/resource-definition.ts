import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { Strategy } from '#api/strategy.ts';

/**
 * Everything the server knows of a kind, declared once. Routes, discovery, OpenAPI, tables, storage keys and patch keys
 * derive from it. Made by `defineResource` (control-plane/resources/define.ts), which refuses what is incomplete.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  /**
   * Where it is stored under /registry, as kube-apiserver does: `pods`, `services/specs`, `minions`.
   * The key is `/registry/<storagePath>/[<namespace>/]<name>`.
   */
  readonly storagePath: string;
  /** Default: all of them. Kinds that are never stored (reviews) have only `create`. */
  readonly verbs: readonly ResourceVerb[];
  readonly strategy: Strategy<T>;
  readonly subresources: readonly SubresourceDefinition[];
  readonly columns: readonly TableColumn<T>[];
  /** Seconds after which objects vanish by themselves (events: 3600). */
  readonly ttlSeconds?: number;
  /** There are many of them and the server itself reads none: its cache holds their JSON alone, and parses it when somebody asks. */
  readonly readSeldom?: boolean;
  /** Set when this kind is only another form of one that is defined elsewhere (events.k8s.io Event, autoscaling/v1). */
  readonly viewOf?: ResourceView<T>;
}

/**
 * One thing served under two group-versions. The hub owns storage, cache, strategy and selectable fields; this definition
 * only decodes, defaults (its own `strategy.default`) and converts. Both directions are pure, make new objects and
 * keep metadata; neither loses what the other side wrote (autoscaling/v1 keeps it in annotations).
 */
export interface ResourceView<T extends KubeObject> {
  readonly hub: { readonly group: string; readonly version: string; readonly resource: string };
  toHub(object: T): KubeObject;
  fromHub(hub: KubeObject): T;
}

export type ResourceVerb = 'create' | 'get' | 'list' | 'watch' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface SubresourceDefinition {
  readonly name: string;
  /**
   * `status`: writes only .status. `scale`: autoscaling/v1 Scale over spec.replicas. `action`: POST with a body of its
   * own (binding, eviction, token), handled by server code of that name. `connect`: proxied to the node (exec, log …).
   * `finalize`, `resize` and the like: `object`, a write of the same object through the strategy with `subresource` set.
   */
  readonly style: 'status' | 'scale' | 'action' | 'connect' | 'object';
  readonly verbs: readonly string[];
  /** Kind of the body where it is not the parent's: `{group: 'autoscaling', version: 'v1', kind: 'Scale'}`. */
  readonly body?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly model?: string;
    /** Versions that are taken as well, since they say the same. */
    readonly otherVersions?: readonly string[];
  };
  /** For `scale`: where the selector string comes from; default the object's spec.selector. */
  selectorFrom?(object: KubeObject): string;
}

/** One column of `kubectl get`, in the words and order of Kubernetes' printers. */
export interface TableColumn<T extends KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0: always; 1: only with -o wide. */
  readonly priority: 0 | 1;
  /** `nowMs` for ages. Cells are strings, numbers or booleans, as in meta.k8s.io/v1 Table. */
  cell(object: T, nowMs: number): string | number | boolean;
}
