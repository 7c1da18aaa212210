import { leases, nodes, pods } from '#api/kinds.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { nodeIndex, nodeIndexes } from '../shared/indexes.ts';
import { onDelete } from '../shared/on-delete.ts';
import { createEvictReconcile } from './evict.ts';
import type { HealthSettings, Observation } from './health.ts';
import { createEvictionPace } from './pace.ts';
import { createNodeReconcile } from './reconcile.ts';
import type { ZoneSettings } from './zones.ts';

export interface NodeLifecycleSettings extends HealthSettings, ZoneSettings {}

/** Notices nodes that are lost, keeps new pods away from them, and sends their pods elsewhere. */
export function createNodeLifecycleControllers(
  context: ControllerContext,
  settings: NodeLifecycleSettings,
): readonly Runnable[] {
  const { clock, random, log, informers } = context;
  const caches = {
    nodes: informers.informer(nodes),
    leases: informers.informer(leases),
    pods: informers.informer(pods, nodeIndexes),
  };
  const pace = createEvictionPace(settings, () => clock.now());
  const seen = new Map<string, Observation>();
  const lifecycle = createController({
    name: 'nodelifecycle',
    queue: retries,
    reconcile: createNodeReconcile(context, caches, settings, pace, seen),
    sources: [
      forObject(caches.nodes),
      onDelete(caches.nodes, ({ metadata }) => {
        seen.delete(metadata.name);
        pace.forget(metadata.name);
      }),
      mapped(caches.leases, ({ metadata }) =>
        metadata.namespace === 'kube-node-lease' ? [{ name: metadata.name }] : [],
      ),
    ],
    clock,
    random,
    log,
  });
  const eviction = createController({
    name: 'taint-eviction',
    queue: retries,
    reconcile: createEvictReconcile(context, caches),
    sources: [
      forObject(caches.pods, ({ spec }) => spec?.nodeName !== undefined),
      mapped(caches.nodes, (node) =>
        (node.spec?.taints ?? []).some(({ effect }) => effect === 'NoExecute')
          ? caches.pods.byIndex(nodeIndex, node.metadata.name).map(keyOf)
          : [],
      ),
    ],
    clock,
    random,
    log,
  });
  return [lifecycle, eviction];
}
