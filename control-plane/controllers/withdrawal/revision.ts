import type { V1EndpointSlice, V1Pod, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isServedBy } from '#api/withdrawal.ts';

/** Where the endpoints of a pod were seen to be withdrawn: UID of the slice → its revision at that moment. */
export type Seen = Map<string, bigint>;

/**
 * The revision that a node's rules must have reached so that they send nothing more to the pod. Undefined while a slice does
 * not say yet that the pod is going. What is seen is kept in `seen`: a slice that goes on changing for other pods does not
 * move this pod's goal.
 */
export function withdrawnAt(
  pod: Stored<V1Pod>,
  services: readonly Stored<V1Service>[],
  slicesOf: (service: Stored<V1Service>) => readonly Stored<V1EndpointSlice>[],
  seen: Seen,
): bigint | undefined {
  let goal = 0n;
  for (const service of services) {
    if (!isServedBy(service, pod) || service.metadata.deletionTimestamp !== undefined) continue;
    let listed = false;
    for (const slice of slicesOf(service)) {
      const own = (slice.endpoints ?? []).filter(({ targetRef }) => targetRef?.uid === pod.metadata.uid);
      if (own.length === 0) continue;
      if (own.some(({ conditions }) => conditions?.ready !== false)) return undefined;
      listed = true;
      const revision = seen.get(slice.metadata.uid) ?? BigInt(slice.metadata.resourceVersion);
      seen.set(slice.metadata.uid, revision);
      if (revision > goal) goal = revision;
    }
    // Not looked at yet by whoever writes the slices: it may still be about to name the pod as ready.
    if (!listed) return undefined;
  }
  return goal;
}
