import type { V1Node, V1Taint } from '#api/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { formatTime } from '../shared/time.ts';
import { readyCondition } from './health.ts';

const prefix = 'node.kubernetes.io';
export const notReadyTaint = `${prefix}/not-ready`;
export const unreachableTaint = `${prefix}/unreachable`;
const unschedulableTaint = `${prefix}/unschedulable`;

/** Conditions that keep new pods away while they are True. */
const pressures: readonly (readonly [condition: string, taint: string])[] = [
  ['MemoryPressure', `${prefix}/memory-pressure`],
  ['DiskPressure', `${prefix}/disk-pressure`],
  ['PIDPressure', `${prefix}/pid-pressure`],
  ['NetworkUnavailable', `${prefix}/network-unavailable`],
];
const managed = new Set([notReadyTaint, unreachableTaint, unschedulableTaint, ...pressures.map(([, taint]) => taint)]);

/**
 * What may be done about a node that is not ready. `evict`: its pods may be sent away. `hold`: not now, what is there stays.
 * `spare`: nobody is evicted, and evictions under way are called off.
 */
export type EvictionMode = 'evict' | 'hold' | 'spare';

/** The taint of a node's readiness; undefined when it is ready. */
export function readinessTaint(node: V1Node): string | undefined {
  const status = readyCondition(node)?.status;
  if (status === 'True') return undefined;
  return status === 'Unknown' ? unreachableTaint : notReadyTaint;
}

/** The taint that sends the node's pods away for the reason that holds now, if it has it. */
export const evictionTaint = (node: V1Node): V1Taint | undefined =>
  node.spec?.taints?.find(({ key, effect }) => key === readinessTaint(node) && effect === 'NoExecute');

/** The taints a node should have; undefined when it has them. Taints of others stay as they are. */
export function wantedTaints(node: V1Node, mode: EvictionMode, nowMs: number): V1Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const readiness = readinessTaint(node);
  const wanted: { key: string; effect: string }[] = [];
  const want = (key: string, effect: string): number => wanted.push({ key, effect });
  if (readiness) want(readiness, 'NoSchedule');
  for (const [condition, taint] of pressures) {
    if (findCondition(node.status?.conditions, condition)?.status === 'True') want(taint, 'NoSchedule');
  }
  if (node.spec?.unschedulable) want(unschedulableTaint, 'NoSchedule');
  const evicting = current.some(({ key, effect }) => isReadiness(key) && effect === 'NoExecute');
  // A change from not-ready to unreachable must not call an eviction off.
  if (readiness && (mode === 'evict' || (mode === 'hold' && evicting))) want(readiness, 'NoExecute');

  const kept = current.filter(
    ({ key, effect }) => !managed.has(key) || wanted.some((one) => one.key === key && one.effect === effect),
  );
  const added = wanted
    .filter(({ key, effect }) => !current.some((taint) => taint.key === key && taint.effect === effect))
    .map((taint) => ({ ...taint, timeAdded: formatTime(nowMs) }));
  return added.length === 0 && kept.length === current.length ? undefined : [...kept, ...added];
}

const isReadiness = (key: string): boolean => key === notReadyTaint || key === unreachableTaint;
