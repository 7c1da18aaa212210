import type { V1Pod } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodTerminal } from '../shared/pods.ts';

export interface PodGcPlan {
  /** Finished pods beyond the limit, the oldest first. */
  readonly finished: readonly Stored<V1Pod>[];
  /** Being deleted, and nobody is there to confirm it: they were never placed. */
  readonly unscheduled: readonly Stored<V1Pod>[];
  /** Placed on a node that the cache does not have; the server decides whether it is really gone. */
  readonly orphaned: readonly Stored<V1Pod>[];
}

export function planPodGc(
  pods: readonly Stored<V1Pod>[],
  hasNode: (name: string) => boolean,
  finishedMax: number,
): PodGcPlan {
  const finished = pods.filter((pod) => isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined);
  const excess = Math.max(0, finished.length - finishedMax);
  return {
    finished: excess > 0 ? finished.toSorted(byAge).slice(0, excess) : [],
    unscheduled: pods.filter(
      ({ metadata, spec }) => metadata.deletionTimestamp !== undefined && spec?.nodeName === undefined,
    ),
    orphaned: pods.filter(({ spec }) => spec?.nodeName !== undefined && !hasNode(spec.nodeName)),
  };
}

const byAge = (a: Stored<V1Pod>, b: Stored<V1Pod>): number =>
  compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compareText(a.metadata.uid, b.metadata.uid);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
