import type { V1ListMeta, V1ObjectMeta } from './generated/types.ts';

/** Any object of the API: what all kinds share. */
export interface KubeObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: V1ObjectMeta | undefined;
}

/** An object as the server returns it: its identity is always there. */
export type Stored<T extends KubeObject> = T & {
  apiVersion: string;
  kind: string;
  metadata: V1ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };
};

export interface KubeList<T> {
  apiVersion: string;
  kind: string;
  metadata: V1ListMeta;
  items: T[];
}

/** Where an object lives. `namespace` is absent exactly for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: T };
