import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';

/**
 * A local, always current copy of one kind, by list and watch. Objects are frozen: never change them.
 * It never gives up: errors are logged and retried with back-off, an expired version lists again.
 */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** The first list has been applied. */
  readonly synced: boolean;
  /** Resolves when synced; rejects when the signal aborts first. */
  waitForSync(signal: AbortSignal): Promise<void>;
  get(key: ObjectKey): Stored<T> | undefined;
  /** In one namespace, or everywhere when it is undefined. Order is not specified. */
  list(namespace?: string): readonly Stored<T>[];
  /** Objects whose value in the named index (see InformerOptions.indexes) is `value`. */
  byIndex(index: string, value: string): readonly Stored<T>[];
  /** Every change up to this resource version is applied here; empty before the first list. Handlers still see the one before. */
  lastResourceVersion(): string;
  /** Called for each change after it is applied, and for everything already there when it is added. Must not throw. Returns its removal. */
  addHandler(handler: InformerHandler<T>): () => void;
}

export interface InformerHandler<T extends KubeObject> {
  onAdd?(object: Stored<T>): void;
  onUpdate?(object: Stored<T>, old: Stored<T>): void;
  /** The last state that was seen. */
  onDelete?(object: Stored<T>): void;
  /** `lastResourceVersion` has moved, with or without a change of an object. */
  onVersion?(version: string): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Index name → the values an object is found under. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
}

/** Shares one informer per kind among the controllers of a process. */
export interface InformerFactory {
  /** The same informer for the same kind; indexes of all callers are merged before it starts. */
  informer<T extends KubeObject>(type: ResourceType<T>, indexes?: InformerOptions<T>['indexes']): Informer<T>;
  /** Starts what has been asked for so far; informers asked for later start by themselves. They run until the signal aborts. */
  start(signal: AbortSignal): void;
  waitForSync(signal: AbortSignal): Promise<void>;
}
