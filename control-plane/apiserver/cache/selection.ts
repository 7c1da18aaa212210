import type { KubeObject, Stored } from '#api/meta.ts';

/** Which objects of a kind a reader wants. */
export interface Selection<T extends KubeObject> {
  readonly namespace?: string | undefined;
  /** Absent: all. */
  readonly matches?: ((object: Stored<T>) => boolean) | undefined;
  /** What `matches` implies, where an index can answer it: the fields and the values they must have. */
  readonly exact?: Readonly<Record<string, string>> | undefined;
}
