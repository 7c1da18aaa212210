import type { V1Node, V1NodeCondition } from '#api/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { formatTime } from '../shared/time.ts';

export interface HealthSettings {
  /** Without a sign of life for this long, a node counts as lost. */
  readonly graceMs: number;
  /** The same for a node that has never reported. */
  readonly startupGraceMs: number;
}

export const readyCondition = (node: V1Node): V1NodeCondition | undefined =>
  findCondition(node.status?.conditions, 'Ready');

export const isNodeReady = (node: V1Node): boolean => readyCondition(node)?.status === 'True';

/** What the node's own agent last said of it; undefined: the last word is our verdict. */
export function reportOf(node: V1Node): string | undefined {
  const ready = readyCondition(node);
  return isOurVerdict(ready) ? undefined : [ready?.lastHeartbeatTime, ready?.status, ready?.reason].join(' ');
}

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
