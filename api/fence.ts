import type { V1Lease, V1Pod } from './generated/types.ts';

/** Where the nodes' leases are. */
export const nodeLeaseNamespace = 'kube-node-lease';

/** On a pod: `true` makes it one of those that must not run twice. */
export const fenceAnnotation = 'berth.dev/fence';

/**
 * On a node's lease: the seconds after its last renewal by which the machine has stopped what must not run twice. A lease without
 * it (of another agent, or with fencing off) promises nothing, whatever its leaseDurationSeconds say.
 */
export const promiseAnnotation = 'berth.dev/fence-seconds';

/**
 * On a node's lease, by the server: from this time on it may replace what must not run twice. The node's agent takes it away again
 * with its next renewal, and that comes only once all such containers have stopped.
 */
export const takenAnnotation = 'berth.dev/fenced-at';

/** On a pod, as a condition that its agent writes before it starts the pod in a new time of contact. */
export const mayRunCondition = 'berth.dev/MayRun';

/** For clocks that run at different speed, and for what is on its way: the server waits so much longer than was promised. */
export const fenceMarginMs = 1_000;

/** Whether two of it at once would do harm: a pod of a StatefulSet, or one whose owner says so. */
export function mustNotRunTwice(pod: V1Pod): boolean {
  const wanted = pod.metadata?.annotations?.[fenceAnnotation];
  if (wanted !== undefined) return wanted === 'true';
  return pod.metadata?.ownerReferences?.some(({ kind, controller }) => controller && kind === 'StatefulSet') ?? false;
}

/** Seconds; undefined when the lease promises nothing. */
export function promisedSeconds(lease: V1Lease): number | undefined {
  const seconds = Number(lease.metadata?.annotations?.[promiseAnnotation] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

export const isTaken = (lease: V1Lease): boolean => lease.metadata?.annotations?.[takenAnnotation] !== undefined;
