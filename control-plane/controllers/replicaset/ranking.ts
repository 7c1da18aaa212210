import type { V1Pod } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodReady, podCondition } from '../shared/pods.ts';
import { parseTime } from '../shared/time.ts';

export interface RankedPod {
  readonly pod: Stored<V1Pod>;
  /** Active pods on the same node that serve the same purpose, this one included. */
  readonly onSameNode: number;
}

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Who goes first when there are too many: what is not placed, not started or not ready, what the user marked as cheap, what
 * stands doubled on a node, what is youngest. Ages are compared by order of magnitude, so that equals are chosen at random
 * (by UID) rather than always the youngest of a group that was born together.
 */
export function deletionOrder(nowMs: number): (a: RankedPod, b: RankedPod) => number {
  return (a, b) =>
    flag(a.pod.spec?.nodeName !== undefined, b.pod.spec?.nodeName !== undefined) ||
    phase(a.pod) - phase(b.pod) ||
    flag(isPodReady(a.pod), isPodReady(b.pod)) ||
    cost(a.pod) - cost(b.pod) ||
    b.onSameNode - a.onSameNode ||
    compareAges(readySince(a.pod), readySince(b.pod), nowMs) ||
    restarts(b.pod) - restarts(a.pod) ||
    compareAges(createdAt(a.pod), createdAt(b.pod), nowMs) ||
    compareText(a.pod.metadata.uid, b.pod.metadata.uid);
}

const flag = (a: boolean, b: boolean): number => Number(a) - Number(b);

const phase = (pod: V1Pod): number => phaseOrder[pod.status?.phase ?? 'Pending'] ?? 1;

/** A malformed cost counts as none. */
function cost(pod: V1Pod): number {
  const text = pod.metadata?.annotations?.[costAnnotation] ?? '0';
  return /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}

const readySince = (pod: V1Pod): number | undefined => parseTime(podCondition(pod, 'Ready')?.lastTransitionTime);

const createdAt = (pod: V1Pod): number | undefined => parseTime(pod.metadata?.creationTimestamp);

const restarts = (pod: V1Pod): number =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));

/** Younger first; an unknown time is the youngest. */
function compareAges(a: number | undefined, b: number | undefined, nowMs: number): number {
  return magnitude(a, nowMs) - magnitude(b, nowMs);
}

const magnitude = (ms: number | undefined, nowMs: number): number =>
  ms === undefined ? -1 : Math.floor(Math.log2(Math.max(1, nowMs - ms)));

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
