import type { V1Lease, V1Node, V1NodeCondition } from '#api/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { formatTime } from '../shared/time.ts';

export interface HealthSettings {
  /** Without a sign of life for this long, a node counts as lost. */
  readonly graceMs: number;
  /** The same for a node that has never reported. */
  readonly startupGraceMs: number;
}

/** What was last seen of a node, and when by the observer's clock: clocks of other machines are not believed. */
export interface Observation {
  readonly lease: string;
  readonly report: string;
  readonly seenAtMs: number;
}

/** A node shows that it lives by renewing its lease or by reporting its status. */
export function observe(
  before: Observation | undefined,
  node: V1Node,
  lease: V1Lease | undefined,
  nowMs: number,
): Observation {
  const ready = readyCondition(node);
  const renewed = lease?.spec?.renewTime ?? '';
  // Our own verdict is no sign of life.
  const report = isOurVerdict(ready)
    ? (before?.report ?? '')
    : [ready?.lastHeartbeatTime, ready?.status, ready?.reason].join(' ');
  if (before && before.lease === renewed && before.report === report) return before;
  return { lease: renewed, report, seenAtMs: nowMs };
}

/** Milliseconds until the node counts as lost; 0 or less: it does now. */
export function lostInMs(node: V1Node, seen: Observation, settings: HealthSettings, nowMs: number): number {
  const graceMs = readyCondition(node) ? settings.graceMs : settings.startupGraceMs;
  return seen.seenAtMs + graceMs - nowMs;
}

export const readyCondition = (node: V1Node): V1NodeCondition | undefined =>
  findCondition(node.status?.conditions, 'Ready');

export const isNodeReady = (node: V1Node): boolean => readyCondition(node)?.status === 'True';

const isOurVerdict = (ready: V1NodeCondition | undefined): boolean =>
  ready?.status === 'Unknown' && (ready.reason === stopped.reason || ready.reason === neverStarted.reason);

const stopped = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
const neverStarted = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };
const reportedTypes = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The conditions of a node of which nothing is known any more; undefined when they say so already. */
export function unknownConditions(node: V1Node, nowMs: number): V1NodeCondition[] | undefined {
  const current = node.status?.conditions ?? [];
  const now = formatTime(nowMs);
  const verdict = (type: string, known: V1NodeCondition | undefined): V1NodeCondition => {
    if (known?.status === 'Unknown') return known;
    const lastHeartbeatTime = known?.lastHeartbeatTime ?? node.metadata?.creationTimestamp;
    const words = known ? stopped : neverStarted;
    return { ...(known ?? { type }), status: 'Unknown', ...words, lastHeartbeatTime, lastTransitionTime: now };
  };
  const missing = reportedTypes.filter((type) => !findCondition(current, type));
  const next = [
    ...current.map((known) => (reportedTypes.includes(known.type) ? verdict(known.type, known) : known)),
    ...missing.map((type) => verdict(type, undefined)),
  ];
  return next.length === current.length && next.every((one, index) => one === current[index]) ? undefined : next;
}
