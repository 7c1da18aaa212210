import { pods, replicaSets } from '#api/kinds.ts';
import { createController } from '#client/controller.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { controllerIndexes } from '../shared/indexes.ts';
import { managersOf } from '../shared/managers.ts';
import { onDelete } from '../shared/on-delete.ts';
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

  return createController({
    name: 'replicaset',
    queue: retries,
    reconcile: createReplicaSetReconcile(context, caches, pending),
    sources: [
      forObject(caches.replicaSets),
      onDelete(caches.replicaSets, ({ metadata }) => pending.forget(metadata.uid)),
      mapped(caches.pods, managersOf(replicaSets, caches.replicaSets)),
    ],
    clock,
    random,
    log,
  });
}
