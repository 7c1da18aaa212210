import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { createController } from '#client/controller.ts';
import type { Informer } from '#client/informer.ts';
import type { Runnable } from '#client/reconciler.ts';
import type { Source } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { createOwnerGraph, graphNode, type OwnerGraph } from './graph.ts';
import { createCollectorReconcile } from './reconcile.ts';

/**
 * Deletes objects whose owners are gone, in the background, the foreground, or not at all, as the deletion of the owner said.
 * `kinds` are all kinds that can be listed, watched and deleted; events own nothing and are nobody's.
 */
export function createGarbageCollector(context: ControllerContext, kinds: readonly ResourceType[]): Runnable {
  const { client, clock, random, log, recorder } = context;
  const graph = createOwnerGraph();
  const types = distinct(kinds).filter(({ resource }) => resource !== 'events');
  const byKind = new Map(types.map((type) => [`${type.group}/${type.kind}`, type]));

  const enqueue = (uids: readonly string[]): void => {
    for (const uid of uids) controller.enqueue({ name: uid });
  };
  const controller = createController({
    name: 'garbage-collector',
    queue: retries,
    reconcile: createCollectorReconcile({
      client,
      graph,
      enqueue,
      kindOf: (group, kind) => byKind.get(`${group}/${kind}`),
      refuse: (object, why) => recorder.record(object, 'Warning', 'OwnerRefInvalid', `ownerReferences: ${why}`),
    }),
    sources: types.map((type) => followedBy(graph, context.informers.informer(type))),
    concurrency: 8,
    clock,
    random,
    log,
  });
  return controller;
}

/** Keeps the graph as the cache is. */
const followedBy = (graph: OwnerGraph, informer: Informer<KubeObject>): Source => ({
  waitForSync: (signal) => informer.waitForSync(signal),
  attach: (enqueue) => {
    const again = (uids: readonly string[]): void => {
      for (const uid of uids) enqueue({ name: uid });
    };
    return informer.addHandler({
      onAdd: (object) => again(graph.put(graphNode(informer.type, object))),
      onUpdate: (object, old) => {
        // The name was deleted and made again between two looks.
        if (object.metadata.uid !== old.metadata.uid) again(graph.remove(old.metadata.uid));
        again(graph.put(graphNode(informer.type, object)));
      },
      onDelete: (object) => again(graph.remove(object.metadata.uid)),
    });
  },
});

/** One kind served in several groups' versions is one kind. */
const distinct = (kinds: readonly ResourceType[]): readonly ResourceType[] => [
  ...new Map(kinds.map((type) => [`${type.group}/${type.resource}`, type])).values(),
];
