import type { V1Deployment, V1DeploymentCondition, V1DeploymentStatus } from '#api/generated/types.ts';
import { findCondition, withoutCondition } from '../shared/conditions.ts';
import { formatTime, parseTime } from '../shared/time.ts';
import { progressDeadlineMs } from './limits.ts';

type Conditions = readonly V1DeploymentCondition[];

const newReplicaSetAvailable = 'NewReplicaSetAvailable';
const timedOutReason = 'ProgressDeadlineExceeded';

export const progressing = (
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
): V1DeploymentCondition => ({ type: 'Progressing', status, reason, message });

/** Status and reason unchanged: the old condition stays, times and all. */
export function setCondition(conditions: Conditions, wanted: V1DeploymentCondition, nowMs: number): Conditions {
  const current = findCondition(conditions, wanted.type);
  if (current && current.status === wanted.status && current.reason === wanted.reason) return conditions;
  return putCondition(conditions, wanted, nowMs);
}

/** As `setCondition`, but the update time moves in any case: it is what the deadline counts from. */
function putCondition(conditions: Conditions, wanted: V1DeploymentCondition, nowMs: number): Conditions {
  const now = formatTime(nowMs);
  const current = findCondition(conditions, wanted.type);
  const lastTransitionTime = current?.status === wanted.status ? (current.lastTransitionTime ?? now) : now;
  return [...withoutCondition(conditions, wanted.type), { ...wanted, lastUpdateTime: now, lastTransitionTime }];
}

/** Pausing must not look like being stuck; what is stuck already stays so. */
export function pauseConditions(deployment: V1Deployment, conditions: Conditions, nowMs: number): Conditions {
  if (progressDeadlineMs(deployment) === undefined) return conditions;
  const current = findCondition(conditions, 'Progressing');
  if (current?.reason === timedOutReason) return conditions;
  const isMarked = current?.reason === 'DeploymentPaused';
  if (deployment.spec?.paused && !isMarked)
    return putCondition(conditions, progressing('Unknown', 'DeploymentPaused', 'Deployment is paused'), nowMs);
  if (!deployment.spec?.paused && isMarked)
    return putCondition(conditions, progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed'), nowMs);
  return conditions;
}

/** Whether every replica is of the newest template, available, and nothing else is left. */
export function isComplete(deployment: V1Deployment, status: V1DeploymentStatus): boolean {
  const replicas = deployment.spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

/** The Progressing condition that follows from the counts. `newest` is the new ReplicaSet's name, if there is one. */
export function progressConditions(
  deployment: V1Deployment,
  status: V1DeploymentStatus,
  conditions: Conditions,
  newest: string | undefined,
  nowMs: number,
): Conditions {
  if (progressDeadlineMs(deployment) === undefined) return withoutCondition(conditions, 'Progressing');
  if (deployment.spec?.paused) return conditions;
  const current = findCondition(conditions, 'Progressing');
  // After a rollout has succeeded, pods that die and come back are no rollout.
  const settled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === newReplicaSetAvailable;
  if (settled) return conditions;
  const subject = newest
    ? `ReplicaSet ${JSON.stringify(newest)}`
    : `Deployment ${JSON.stringify(deployment.metadata?.name)}`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return setCondition(conditions, progressing('True', newReplicaSetAvailable, message), nowMs);
  }
  if (hasProgressed(deployment.status ?? {}, status))
    return putCondition(conditions, progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`), nowMs);
  if (isTimedOut(deployment, current, nowMs))
    return setCondition(
      conditions,
      progressing('False', timedOutReason, `${subject} has timed out progressing.`),
      nowMs,
    );
  return conditions;
}

function hasProgressed(before: V1DeploymentStatus, after: V1DeploymentStatus): boolean {
  const old = (status: V1DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: V1Deployment, current: V1DeploymentCondition | undefined, nowMs: number): boolean {
  const at = deadlineAtMs(deployment, current);
  return current?.reason === timedOutReason || (at !== undefined && at < nowMs);
}

function deadlineAtMs(deployment: V1Deployment, current: V1DeploymentCondition | undefined): number | undefined {
  const deadlineMs = progressDeadlineMs(deployment);
  if (deadlineMs === undefined || !current || current.reason === newReplicaSetAvailable) return undefined;
  if (current.reason === 'DeploymentPaused') return undefined;
  const since = parseTime(current.lastUpdateTime);
  return since === undefined ? undefined : since + deadlineMs;
}

/** When to look again whether the rollout is stuck, although nothing happens. */
export function progressCheckInMs(
  deployment: V1Deployment,
  status: V1DeploymentStatus,
  nowMs: number,
): number | undefined {
  const current = findCondition(status.conditions, 'Progressing');
  if (isComplete(deployment, status) || current?.reason === timedOutReason) return undefined;
  const at = deadlineAtMs(deployment, current);
  return at === undefined ? undefined : Math.max(at - nowMs, 0) + 1000;
}
