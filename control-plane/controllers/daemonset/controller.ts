import { isDeepStrictEqual } from 'node:util';
import type { V1Node } from '#api/generated/types.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped, ownedBy, type Source } from '#client/sources.ts';
import { createHistory } from '../history/history.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { controllerIndexes } from '../shared/indexes.ts';
import { managersOf } from '../shared/managers.ts';
import { onDelete } from '../shared/on-delete.ts';
import { createPendingPods } from '../shared/pending-pods.ts';
import { createFailures } from './failures.ts';
import { createDaemonSetReconcile } from './reconcile.ts';

/** Keeps one pod on every node that wants one. */
export function createDaemonSetController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const caches = {
    sets: informers.informer(daemonSets, controllerIndexes),
    pods: informers.informer(pods, controllerIndexes),
    nodes: informers.informer(nodes),
    revisions: informers.informer(controllerRevisions, controllerIndexes),
  };
  const now = (): number => clock.now();
  const pending = createPendingPods(client, caches.pods, now);
  const history = createHistory(client, caches.revisions, now);
  const failures = createFailures(now);

  const nodeSource: Source = {
    waitForSync: (signal) => caches.nodes.waitForSync(signal),
    attach(enqueue) {
      const all = (): void => {
        for (const set of caches.sets.list()) enqueue(keyOf(set));
      };
      return caches.nodes.addHandler({
        onAdd: all,
        onUpdate(node, old) {
          if (matters(node, old)) all();
        },
        onDelete: all,
      });
    },
  };

  return createController({
    name: 'daemonset',
    queue: retries,
    reconcile: createDaemonSetReconcile(context, caches, pending, history, failures),
    sources: [
      forObject(caches.sets),
      onDelete(caches.sets, ({ metadata }) => {
        pending.forget(metadata.uid);
        history.forget(metadata.uid);
        failures.forget(metadata.uid);
      }),
      mapped(caches.pods, managersOf(daemonSets, caches.sets)),
      ownedBy(caches.revisions, 'DaemonSet'),
      nodeSource,
    ],
    clock,
    random,
    log,
  });
}

/** Nodes write down every few seconds that they live; only labels and taints decide who belongs there. */
const matters = (node: Stored<V1Node>, old: Stored<V1Node>): boolean =>
  node.metadata.uid !== old.metadata.uid ||
  !isDeepStrictEqual(node.metadata.labels, old.metadata.labels) ||
  !isDeepStrictEqual(node.spec?.taints, old.spec?.taints);
