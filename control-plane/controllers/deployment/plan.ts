import type { V1Deployment, V1DeploymentCondition, V1DeploymentStatus, V1ReplicaSet } from '#api/generated/types.ts';
import { deployments } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { findCondition } from '../shared/conditions.ts';
import { controllerRef } from '../shared/owners.ts';
import { byAge, type Draft, draftOf, isUnsettled } from './draft.ts';
import { isRollingUpdate, progressDeadlineMs, type RolloutLimits, rolloutLimits } from './limits.ts';
import { isComplete, pauseConditions, progressing, setCondition } from './progress.ts';
import { recreateOneStep } from './recreate.ts';
import {
  annotateNewest,
  beyondHistory,
  copiedAnnotations,
  desiredAnnotation,
  maxAnnotation,
  nextRevision,
  revisionAnnotation,
} from './revision.ts';
import { newReplicasAllowed, rollOneStep } from './rolling.ts';
import { isScaling, noteSize, scaleAll } from './scaling.ts';
import { deploymentStatus } from './status.ts';
import { hashLabel, podTemplateHash, sameTemplate } from './template.ts';

export interface DeploymentState {
  readonly deployment: Stored<V1Deployment>;
  /** Those the deployment controls. */
  readonly replicaSets: readonly Stored<V1ReplicaSet>[];
  /** Pods that may still run, by the UID of the ReplicaSet that controls them; only Recreate asks. */
  readonly runningPodsOf: (replicaSetUid: string) => number;
}

export interface DeploymentPlan {
  readonly create?: V1ReplicaSet;
  /** Those of which something is to be changed. */
  readonly change: readonly Draft[];
  readonly remove: readonly Stored<V1ReplicaSet>[];
  /** What the deployment's own revision annotation should say; undefined: leave it. */
  readonly revision?: string;
  readonly status: V1DeploymentStatus;
}

/** The next step of a deployment: pure, and safe to repeat. Nothing is created or removed while the owner is being deleted. */
export function planDeployment(state: DeploymentState, nowMs: number): DeploymentPlan {
  const { deployment } = state;
  const limits = rolloutLimits(deployment);
  const drafts = state.replicaSets.toSorted(byAge).map(draftOf);
  const template = deployment.spec?.template ?? {};
  const newest = drafts.find(({ original }) => sameTemplate(original.spec?.template ?? {}, template));
  const old = drafts.filter((draft) => draft !== newest);
  const status = (conditions: readonly V1DeploymentCondition[]) =>
    deploymentStatus(deployment, limits, newest, old, conditions, nowMs);
  const conditions = deployment.status?.conditions ?? [];
  if (deployment.metadata.deletionTimestamp !== undefined)
    return { change: [], remove: [], status: status(conditions) };

  const paused = deployment.spec?.paused === true;
  const revision = nextRevision(old);
  if (newest) {
    annotateNewest(newest, deployment, revision);
    newest.minReadySeconds = deployment.spec?.minReadySeconds;
  }
  let create = false;
  if (paused || isScaling(limits, drafts)) {
    scaleAll(limits, isRollingUpdate(deployment), newest, old, deployment.status?.replicas ?? 0);
  } else if (isRollingUpdate(deployment)) {
    if (newest) rollOneStep(limits, newest, old);
    else create = true;
  } else {
    const oldPods = { running: runningOutside(state, newest) };
    if (recreateOneStep(old, oldPods)) {
      if (newest) newest.replicas = limits.replicas;
      else create = true;
    }
  }
  const created = create ? newReplicaSet(deployment, limits, drafts, revision) : undefined;
  const next = status(foundConditions(deployment, conditions, newest, created, nowMs));
  const change = drafts.filter((draft) => isChanged(draft));
  for (const draft of change) if (draft.replicas !== draft.original.spec?.replicas) noteSize(draft, limits);
  const tidy = paused || isComplete(deployment, next);
  return {
    ...(created && { create: created }),
    change,
    remove: tidy ? beyondHistory(deployment, old).map(({ original }) => original) : [],
    ...revisionToWrite(deployment, newest, created),
    status: next,
  };
}

const runningOutside = (state: DeploymentState, newest: Draft | undefined): number =>
  state.replicaSets
    .filter(({ metadata }) => metadata.uid !== newest?.original.metadata.uid)
    .reduce((total, { metadata }) => total + state.runningPodsOf(metadata.uid), 0);

function revisionToWrite(
  deployment: Stored<V1Deployment>,
  newest: Draft | undefined,
  created: V1ReplicaSet | undefined,
): { revision?: string } {
  const revision = (created?.metadata?.annotations ?? newest?.annotations)?.[revisionAnnotation];
  const current = deployment.metadata.annotations?.[revisionAnnotation];
  return revision === undefined || revision === current ? {} : { revision };
}

function foundConditions(
  deployment: V1Deployment,
  conditions: readonly V1DeploymentCondition[],
  newest: Draft | undefined,
  created: V1ReplicaSet | undefined,
  nowMs: number,
): readonly V1DeploymentCondition[] {
  const current = pauseConditions(deployment, conditions, nowMs);
  if (progressDeadlineMs(deployment) === undefined) return current;
  if (created) {
    const message = `Created new replica set ${JSON.stringify(created.metadata?.name)}`;
    return setCondition(current, progressing('True', 'NewReplicaSetCreated', message), nowMs);
  }
  if (!newest || findCondition(current, 'Progressing')) return current;
  const message = `Found new replica set ${JSON.stringify(newest.original.metadata.name)}`;
  return setCondition(current, progressing('True', 'FoundNewReplicaSet', message), nowMs);
}

function isChanged(draft: Draft): boolean {
  const { original } = draft;
  const annotations = original.metadata.annotations ?? {};
  return (
    draft.replicas !== original.spec?.replicas ||
    (draft.minReadySeconds ?? 0) !== (original.spec?.minReadySeconds ?? 0) ||
    Object.entries(draft.annotations).some(([name, value]) => annotations[name] !== value)
  );
}

function firstSize(deployment: V1Deployment, limits: RolloutLimits, existing: readonly Draft[]): number {
  if (!isRollingUpdate(deployment)) return limits.replicas;
  return existing.some(isUnsettled) ? 0 : newReplicasAllowed(limits, existing, 0);
}

function newReplicaSet(
  deployment: Stored<V1Deployment>,
  limits: RolloutLimits,
  existing: readonly Draft[],
  revision: number,
): V1ReplicaSet {
  const template = deployment.spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const selector = deployment.spec?.selector ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        [revisionAnnotation]: String(revision),
        [desiredAnnotation]: String(limits.replicas),
        [maxAnnotation]: String(limits.replicas + limits.maxSurge),
      },
      ownerReferences: [controllerRef(deployments, deployment)],
    },
    spec: {
      replicas: firstSize(deployment, limits, existing),
      minReadySeconds: deployment.spec?.minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
