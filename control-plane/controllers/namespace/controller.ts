import { namespaces } from '#api/kinds.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { createController } from '#client/controller.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import type { ControllerContext } from '../shared/context.ts';
import { createNamespaceReconcile } from './reconcile.ts';

/** Empties namespaces that are being deleted. `kinds` is asked anew each time: kinds come and go with their definitions. */
export function createNamespaceController(context: ControllerContext, kinds: () => readonly ResourceType[]): Runnable {
  const cache = context.informers.informer(namespaces);
  return createController({
    name: 'namespace',
    reconcile: createNamespaceReconcile(context, cache, kinds),
    sources: [forObject(cache, ({ metadata }) => metadata.deletionTimestamp !== undefined)],
    timeoutMs: 120_000,
    clock: context.clock,
    random: context.random,
    log: context.log,
  });
}
