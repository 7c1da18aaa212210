import type { V1ReplicaSet } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';

/** A ReplicaSet as the plan wants it. `original` is what the cache shows. */
export interface Draft {
  readonly original: Stored<V1ReplicaSet>;
  replicas: number;
  minReadySeconds: number | undefined;
  annotations: Record<string, string>;
}

export const draftOf = (original: Stored<V1ReplicaSet>): Draft => ({
  original,
  replicas: replicasOf(original),
  minReadySeconds: original.spec?.minReadySeconds,
  annotations: { ...original.metadata.annotations },
});

export const replicasOf = (replicaSet: V1ReplicaSet): number => replicaSet.spec?.replicas ?? 1;

/**
 * Never more than it is meant to have: right after scaling down, the status still counts pods that are about to go,
 * and those must not pay for removing others.
 */
export const availableOf = (draft: Draft): number =>
  Math.min(draft.original.status?.availableReplicas ?? 0, draft.replicas);

/** Its status tells of a time before its size was last changed: nothing can be concluded from it. */
export const isUnsettled = ({ original }: Draft): boolean =>
  (original.status?.observedGeneration ?? 0) < (original.metadata.generation ?? 0);

export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

export const totalReplicas = (drafts: readonly Draft[]): number => sum(drafts, (draft) => draft.replicas);

export const oldestFirst = (a: Draft, b: Draft): number => byAge(a.original, b.original);

/** By creation time, then by name, so that the order never depends on the cache. */
export const byAge = (a: Stored<V1ReplicaSet>, b: Stored<V1ReplicaSet>): number =>
  compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compareText(a.metadata.name, b.metadata.name);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
