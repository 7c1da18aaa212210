import type { V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { createController } from '#client/controller.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import type { Source } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { createNamespaceReconcile } from './reconcile.ts';

/** Empties namespaces that are being deleted. `kinds` is asked anew each time: kinds come and go with their definitions. */
export function createNamespaceController(context: ControllerContext, kinds: () => readonly ResourceType[]): Runnable {
  const cache = context.informers.informer(namespaces);
  return createController({
    name: 'namespace',
    queue: retries,
    reconcile: createNamespaceReconcile(context, cache, kinds),
    sources: [deletionsOf(cache)],
    timeoutMs: 120_000,
    clock: context.clock,
    random: context.random,
    log: context.log,
  });
}

/** What it writes of its own failures must not bring it back before the back-off is over. */
const deletionsOf = (cache: Informer<V1Namespace>): Source => ({
  waitForSync: (signal) => cache.waitForSync(signal),
  attach: (enqueue) =>
    cache.addHandler({
      onAdd: (namespace) => {
        if (isGoing(namespace)) enqueue(keyOf(namespace));
      },
      onUpdate: (namespace, old) => {
        const isNews = !isGoing(old) || old.metadata.uid !== namespace.metadata.uid;
        if (isGoing(namespace) && isNews) enqueue(keyOf(namespace));
      },
    }),
});

const isGoing = ({ metadata }: Stored<V1Namespace>): boolean => metadata.deletionTimestamp !== undefined;
