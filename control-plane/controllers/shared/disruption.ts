import type { V1Pod, V1PodCondition, V1PodStatus } from '#api/generated/types.ts';
import { withCondition } from './conditions.ts';

/** The pod's status with the condition that says the system, not the pod, is the reason it goes. */
export function disruptedStatus(pod: V1Pod, reason: string, message: string, nowMs: number): V1PodStatus {
  const condition: V1PodCondition = { type: 'DisruptionTarget', status: 'True', reason, message };
  return { ...pod.status, conditions: [...withCondition(pod.status?.conditions ?? [], condition, nowMs)] };
}
