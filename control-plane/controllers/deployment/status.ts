import type { V1Deployment, V1DeploymentCondition, V1DeploymentStatus } from '#api/generated/types.ts';
import { findCondition, withoutCondition } from '../shared/conditions.ts';
import { type Draft, sum, totalReplicas } from './draft.ts';
import type { RolloutLimits } from './limits.ts';
import { progressConditions, setCondition } from './progress.ts';

/** The status that the ReplicaSets' own statuses add up to. `conditions` are those to start from. */
export function deploymentStatus(
  deployment: V1Deployment,
  limits: RolloutLimits,
  newest: Draft | undefined,
  old: readonly Draft[],
  conditions: readonly V1DeploymentCondition[],
  nowMs: number,
): V1DeploymentStatus {
  const all = newest ? [newest, ...old] : old;
  const available = sum(all, ({ original }) => original.status?.availableReplicas ?? 0);
  const counts: V1DeploymentStatus = {
    observedGeneration: deployment.metadata?.generation,
    replicas: sum(all, ({ original }) => original.status?.replicas ?? 0),
    updatedReplicas: newest?.original.status?.replicas ?? 0,
    readyReplicas: sum(all, ({ original }) => original.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(all) - available),
    collisionCount: deployment.status?.collisionCount,
  };
  const steps = [
    (now: readonly V1DeploymentCondition[]) => setCondition(now, availability(limits, available), nowMs),
    (now: readonly V1DeploymentCondition[]) =>
      progressConditions(deployment, counts, now, newest?.original.metadata.name, nowMs),
    (now: readonly V1DeploymentCondition[]) => withReplicaFailure(now, newest, old, nowMs),
  ];
  const next = steps.reduce((now, step) => step(now), conditions);
  return withoutZeros({ ...counts, conditions: [...next] });
}

const availability = (limits: RolloutLimits, available: number): V1DeploymentCondition =>
  available >= limits.replicas - limits.maxUnavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };

/** Why pods cannot be made: the new ReplicaSet's reason first. */
function withReplicaFailure(
  conditions: readonly V1DeploymentCondition[],
  newest: Draft | undefined,
  old: readonly Draft[],
  nowMs: number,
): readonly V1DeploymentCondition[] {
  const failures = [newest, ...old].flatMap((draft) => {
    const found = findCondition(draft?.original.status?.conditions, 'ReplicaFailure');
    return found?.status === 'True' ? [found] : [];
  });
  const first = failures[0];
  if (!first) return withoutCondition(conditions, 'ReplicaFailure');
  const { reason, message } = first;
  return setCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, nowMs);
}

/** Counts of zero are left out, as Kubernetes does. */
const withoutZeros = (status: V1DeploymentStatus): V1DeploymentStatus =>
  Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined));
