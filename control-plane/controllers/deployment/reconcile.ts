import type { V1Deployment, V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import { deployments, replicaSets } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { isAlreadyExists } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile, type ReconcileResult } from '#client/reconciler.ts';
import { settleClaims } from '../shared/adopt.ts';
import { isSame } from '../shared/canonical.ts';
import { claim } from '../shared/claim.ts';
import type { ControllerContext } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { controllerIndex, ownedAndOrphans } from '../shared/indexes.ts';
import { isControlledBy } from '../shared/owners.ts';
import type { PendingWrites } from '../shared/pending-writes.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { type Draft, replicasOf } from './draft.ts';
import { isRollingUpdate } from './limits.ts';
import { type DeploymentPlan, planDeployment } from './plan.ts';
import { progressCheckInMs, progressing, setCondition } from './progress.ts';
import { revisionAnnotation } from './revision.ts';
import { sameTemplate } from './template.ts';

export interface DeploymentCaches {
  readonly deployments: Informer<V1Deployment>;
  readonly replicaSets: Informer<V1ReplicaSet>;
  readonly pods: Informer<V1Pod>;
}

/** While own writes are not in the cache yet, it looks again after this time even if no event comes. */
const pendingCheckMs = 1_000;

/** Applies the plan's writes in its order; each is conditional on what the plan saw, so a stale plan changes nothing. */
export function createDeploymentReconcile(
  context: ControllerContext,
  caches: DeploymentCaches,
  pending: PendingWrites,
): Reconcile {
  const { client, clock, recorder } = context;

  const reconcile = async (signal: AbortSignal, key: ObjectKey): Promise<ReconcileResult> => {
    const deployment = caches.deployments.get(key);
    if (!deployment) return done;
    if ((await pending.settle(deployment.metadata.uid, signal)) > 0) return after(pendingCheckMs);
    const selector = fromLabelSelectorObject(deployment.spec?.selector ?? {});
    const claims = claim(
      deployment,
      ({ metadata }) => matchesLabels(selector, metadata.labels ?? {}),
      ownedAndOrphans(caches.replicaSets, deployment),
    );
    // The cache's answer to these writes brings us back here.
    if (await settleClaims(client, deployments, deployment, replicaSets, claims, signal)) return done;

    const runningPodsOf = (uid: string): number =>
      isRollingUpdate(deployment)
        ? 0
        : caches.pods.byIndex(controllerIndex, uid).filter((pod) => !isPodTerminal(pod)).length;
    const plan = planDeployment({ deployment, replicaSets: claims.owned, runningPodsOf }, clock.now());
    if (plan.create && !(await create(deployment, plan.create, plan, signal))) return after(100);
    for (const draft of plan.change) await change(deployment, draft, signal);
    for (const old of plan.remove) await remove(old, signal);
    return writeStatus(deployment, plan, signal);
  };

  /** False when somebody else has the name: the next pass has another name, or sees the ReplicaSet in the cache. */
  const create = async (
    deployment: Stored<V1Deployment>,
    wanted: V1ReplicaSet,
    plan: DeploymentPlan,
    signal: AbortSignal,
  ): Promise<boolean> => {
    try {
      const key = { namespace: wanted.metadata?.namespace, name: wanted.metadata?.name ?? '' };
      const request = client.create(replicaSets, wanted, { signal });
      const created = await pending.write(deployment.metadata.uid, key, request);
      noteScaled(deployment, created, 0);
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) {
        await resolveClash(deployment, wanted, signal);
        return false;
      }
      const message = error instanceof Error ? error.message : String(error);
      const failed = progressing('False', 'ReplicaSetCreateError', message);
      recorder.record(deployment, 'Warning', 'ReplicaSetCreateError', `Failed to create new replica set: ${message}`);
      const conditions = setCondition(plan.status.conditions ?? [], failed, clock.now());
      await writeStatus(deployment, { ...plan, status: { ...plan.status, conditions: [...conditions] } }, signal);
      throw error;
    }
  };

  const resolveClash = async (
    deployment: Stored<V1Deployment>,
    wanted: V1ReplicaSet,
    signal: AbortSignal,
  ): Promise<void> => {
    const there = await client.get(
      replicaSets,
      { namespace: deployment.metadata.namespace, name: wanted.metadata?.name ?? '' },
      { signal },
    );
    const ours =
      isControlledBy(there, deployment) && sameTemplate(there.spec?.template ?? {}, deployment.spec?.template ?? {});
    if (ours) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    const status = { ...deployment.status, collisionCount };
    await client.updateStatus(deployments, { ...deployment, status }, { signal });
  };

  const change = async (deployment: Stored<V1Deployment>, draft: Draft, signal: AbortSignal): Promise<void> => {
    const { original, annotations, replicas, minReadySeconds } = draft;
    const spec = original.spec ?? { selector: {} };
    const wanted = {
      ...original,
      metadata: { ...original.metadata, annotations },
      spec: { ...spec, replicas, minReadySeconds },
    };
    const request = client.update(replicaSets, wanted, { signal });
    const written = await ignoreGone(pending.write(deployment.metadata.uid, keyOf(original), request));
    if (!written) return;
    noteScaled(deployment, written, replicasOf(original));
  };

  const noteScaled = (deployment: Stored<V1Deployment>, replicaSet: Stored<V1ReplicaSet>, from: number): void => {
    const to = replicasOf(replicaSet);
    if (to === from) return;
    const verb = to > from ? 'up' : 'down';
    const message = `Scaled ${verb} replica set ${replicaSet.metadata.name} from ${from} to ${to}`;
    recorder.record(deployment, 'Normal', 'ScalingReplicaSet', message);
  };

  const remove = async (old: Stored<V1ReplicaSet>, signal: AbortSignal): Promise<void> => {
    const { uid, resourceVersion } = old.metadata;
    await ignoreGone(client.delete(replicaSets, keyOf(old), { signal, preconditions: { uid, resourceVersion } }));
  };

  const writeStatus = async (
    deployment: Stored<V1Deployment>,
    plan: DeploymentPlan,
    signal: AbortSignal,
  ): Promise<ReconcileResult> => {
    let current = deployment;
    if (plan.revision !== undefined) {
      const annotations = { ...current.metadata.annotations, [revisionAnnotation]: plan.revision };
      const metadata = { ...current.metadata, annotations };
      const written = await ignoreGone(client.update(deployments, { ...current, metadata }, { signal }));
      if (!written) return done;
      current = written;
    }
    if (!isSame(deployment.status ?? {}, plan.status))
      await ignoreGone(client.updateStatus(deployments, { ...current, status: plan.status }, { signal }));
    const checkInMs = progressCheckInMs(deployment, plan.status, clock.now());
    return checkInMs === undefined ? done : after(checkInMs);
  };

  return reconcile;
}
