import type { V1PersistentVolumeClaim } from '#api/generated/types.ts';
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped, ownedBy } from '#client/sources.ts';
import { createHistory } from '../history/history.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { controllerIndexes } from '../shared/indexes.ts';
import { managersOf } from '../shared/managers.ts';
import { onDelete } from '../shared/on-delete.ts';
import { createPendingPods } from '../shared/pending-pods.ts';
import { createStatefulSetReconcile } from './reconcile.ts';

/** Keeps pods with stable names, one of each, and moves them from old templates to the newest in order. */
export function createStatefulSetController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const caches = {
    sets: informers.informer(statefulSets, controllerIndexes),
    pods: informers.informer(pods, controllerIndexes),
    claims: informers.informer(persistentVolumeClaims),
    revisions: informers.informer(controllerRevisions, controllerIndexes),
  };
  const now = (): number => clock.now();
  const pending = createPendingPods(client, caches.pods, now);
  const history = createHistory(client, caches.revisions, now);

  /** A set may wait for a claim of a former pod to be gone. */
  const usersOfClaim = ({ metadata }: Stored<V1PersistentVolumeClaim>): readonly ObjectKey[] =>
    caches.sets
      .list(metadata.namespace)
      .filter((set) =>
        (set.spec?.volumeClaimTemplates ?? []).some((template) =>
          metadata.name.startsWith(`${template.metadata?.name}-${set.metadata.name}-`),
        ),
      )
      .map(keyOf);

  return createController({
    name: 'statefulset',
    queue: retries,
    reconcile: createStatefulSetReconcile(context, caches, pending, history),
    sources: [
      forObject(caches.sets),
      onDelete(caches.sets, ({ metadata }) => {
        pending.forget(metadata.uid);
        history.forget(metadata.uid);
      }),
      mapped(caches.pods, managersOf(statefulSets, caches.sets)),
      mapped(caches.claims, usersOfClaim),
      ownedBy(caches.revisions, 'StatefulSet'),
    ],
    clock,
    random,
    log,
  });
}
