import type { V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import { pods, replicaSets } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile } from '#client/reconciler.ts';
import { settleClaims } from '../shared/adopt.ts';
import { isSame } from '../shared/canonical.ts';
import { claim } from '../shared/claim.ts';
import type { ControllerContext } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { controllerIndex, ownedAndOrphans } from '../shared/indexes.ts';
import { controllerOf } from '../shared/owners.ts';
import type { PendingPods } from '../shared/pending-pods.ts';
import { createPodControl } from '../shared/pod-control.ts';
import { drawPodName, podFromTemplate } from '../shared/pod-template.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { isNamespaceTerminating, isRefusal } from '../shared/refusal.ts';
import { slowStart } from '../shared/slow-start.ts';
import { planReplicas } from './plan.ts';
import { availabilityInMs, type ReplicaFailure, replicaSetStatus } from './status.ts';

export interface ReplicaSetCaches {
  readonly replicaSets: Informer<V1ReplicaSet>;
  readonly pods: Informer<V1Pod>;
}

/** While own writes are not in the cache yet, it looks again after this time even if no event comes. */
const pendingCheckMs = 1_000;

export function createReplicaSetReconcile(
  context: ControllerContext,
  caches: ReplicaSetCaches,
  pending: PendingPods,
): Reconcile {
  const { client, clock, random, recorder } = context;
  const podControl = createPodControl(context, pending);

  const related = (replicaSet: Stored<V1ReplicaSet>): readonly Stored<V1Pod>[] => {
    const owner = controllerOf(replicaSet);
    const siblings = owner ? caches.replicaSets.byIndex(controllerIndex, owner.uid) : [replicaSet];
    return siblings.flatMap(({ metadata }) => caches.pods.byIndex(controllerIndex, metadata.uid));
  };

  return async (signal, key: ObjectKey) => {
    const replicaSet = caches.replicaSets.get(key);
    if (!replicaSet) return done;
    const { uid } = replicaSet.metadata;
    if ((await pending.settle(uid, signal)) > 0) return after(pendingCheckMs);
    const selector = fromLabelSelectorObject(replicaSet.spec?.selector ?? {});
    const claims = claim(
      replicaSet,
      (pod) => matchesLabels(selector, pod.metadata.labels ?? {}),
      ownedAndOrphans(caches.pods, replicaSet).filter((pod) => controllerOf(pod) !== undefined || !isPodTerminal(pod)),
    );
    if (await settleClaims(client, replicaSets, replicaSet, pods, claims, signal)) return after(pendingCheckMs);

    const plan = planReplicas(replicaSet, claims.owned, related(replicaSet), clock.now());
    const template = replicaSet.spec?.template ?? {};
    const newPod = (): V1Pod =>
      podFromTemplate(replicaSets, replicaSet, template, { name: drawPodName(replicaSet, random) });
    const created = await slowStart(plan.create, () => podControl.create(replicaSet, newPod(), signal));
    const removals = await Promise.allSettled(plan.remove.map((pod) => podControl.remove(replicaSet, pod, signal)));
    const errors = [
      created.error,
      ...removals.map((result) => (result.status === 'rejected' ? result.reason : undefined)),
    ];
    const error: unknown = errors.find((one) => one !== undefined);
    const failure = error === undefined ? undefined : describe(created.error ? 'FailedCreate' : 'FailedDelete', error);
    if (failure) {
      const doing = failure.reason === 'FailedCreate' ? 'creating' : 'deleting';
      recorder.record(replicaSet, 'Warning', failure.reason, `Error ${doing}: ${failure.message}`);
    }
    // A status must not tell of pods that may be gone: rollouts count on what it says is available.
    if (errors.some((one) => one !== undefined && !isRefusal(one))) throw error;
    const removed = new Set(plan.remove.filter((_, index) => removals[index]?.status === 'fulfilled'));
    const left = claims.owned.filter((pod) => !removed.has(pod));
    const status = replicaSetStatus(replicaSet, left, failure, clock.now());
    if (!isSame(replicaSet.status ?? {}, status))
      await ignoreGone(client.updateStatus(replicaSets, { ...replicaSet, status }, { signal }));
    if (error !== undefined && !isNamespaceTerminating(error)) throw error;
    const availableInMs = availabilityInMs(replicaSet, left, clock.now());
    return availableInMs === undefined ? done : after(availableInMs);
  };
}

const describe = (reason: ReplicaFailure['reason'], error: unknown): ReplicaFailure => ({
  reason,
  message: error instanceof Error ? error.message : String(error),
});
