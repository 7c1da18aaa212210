import { deployments, pods, replicaSets } from '#api/kinds.ts';
import { createController } from '#client/controller.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { controllerIndexes } from '../shared/indexes.ts';
import { managersOf } from '../shared/managers.ts';
import { onDelete } from '../shared/on-delete.ts';
import { controllerKey } from '../shared/owners.ts';
import { createPendingWrites } from '../shared/pending-writes.ts';
import { isRollingUpdate } from './limits.ts';
import { createDeploymentReconcile } from './reconcile.ts';

/** Turns deployments into ReplicaSets and moves pods from old templates to the newest. */
export function createDeploymentController(context: ControllerContext): Runnable {
  const caches = {
    deployments: context.informers.informer(deployments),
    replicaSets: context.informers.informer(replicaSets, controllerIndexes),
    pods: context.informers.informer(pods, controllerIndexes),
  };

  const { client, clock } = context;
  const pending = createPendingWrites(client, replicaSets, caches.replicaSets, () => clock.now());

  return createController({
    name: 'deployment',
    queue: retries,
    reconcile: createDeploymentReconcile(context, caches, pending),
    sources: [
      forObject(caches.deployments),
      onDelete(caches.deployments, ({ metadata }) => pending.forget(metadata.uid)),
      mapped(caches.replicaSets, managersOf(deployments, caches.deployments)),
      // Recreate waits until the last old pod is gone; a rolling update goes by the ReplicaSets' counts alone.
      mapped(caches.pods, (pod) => {
        const owner = controllerKey(pod, replicaSets);
        const replicaSet = owner && caches.replicaSets.get(owner);
        const key = replicaSet && controllerKey(replicaSet, deployments);
        const deployment = key && caches.deployments.get(key);
        return deployment && !isRollingUpdate(deployment) ? [key] : [];
      }),
    ],
    clock,
    random: context.random,
    log: context.log,
  });
}
