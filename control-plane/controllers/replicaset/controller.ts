import type { V1Pod } from '#api/generated/types.ts';
import { pods, replicaSets } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { controllerIndexes } from '../shared/indexes.ts';
import { onDelete } from '../shared/on-delete.ts';
import { controllerKey, controllerOf } from '../shared/owners.ts';
import { createPendingPods } from '../shared/pending-pods.ts';
import { createReplicaSetReconcile } from './reconcile.ts';

/** Keeps as many pods as a ReplicaSet wants. */
export function createReplicaSetController(context: ControllerContext): Runnable {
  const { client, clock, random, log } = context;
  const caches = {
    replicaSets: context.informers.informer(replicaSets, controllerIndexes),
    pods: context.informers.informer(pods, controllerIndexes),
  };
  const pending = createPendingPods(client, caches.pods, () => clock.now());

  const ownersOfPod = (pod: Stored<V1Pod>): readonly ObjectKey[] => {
    if (controllerOf(pod)) {
      const owner = controllerKey(pod, replicaSets);
      return owner ? [owner] : [];
    }
    const labels = pod.metadata.labels ?? {};
    return caches.replicaSets
      .list(pod.metadata.namespace)
      .filter(({ spec }) => spec && matchesLabels(fromLabelSelectorObject(spec.selector), labels))
      .map(keyOf);
  };

  return createController({
    name: 'replicaset',
    queue: retries,
    reconcile: createReplicaSetReconcile(context, caches, pending),
    sources: [
      forObject(caches.replicaSets),
      onDelete(caches.replicaSets, ({ metadata }) => pending.forget(metadata.uid)),
      mapped(caches.pods, ownersOfPod),
    ],
    clock,
    random,
    log,
  });
}
