import type { V1Node } from '#api/generated/types.ts';
import { leases, nodes, pods } from '#api/kinds.ts';
import { createController } from '#client/controller.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { forObject, mapped, type Source } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { nodeIndex, nodeIndexes } from '../shared/indexes.ts';
import { createNodeFence } from '../shared/node-fence.ts';
import { onDelete } from '../shared/on-delete.ts';
import { createAttention } from './attention.ts';
import { createNodeCensus, type NodeCensus } from './census.ts';
import { createEvictReconcile } from './evict.ts';
import { type HealthSettings, isNodeReady } from './health.ts';
import { createHeartbeats } from './heartbeats.ts';
import { createNodeMonitor, type NodeMonitor } from './monitor.ts';
import { createEvictionPace } from './pace.ts';
import { createNodeReconcile } from './reconcile.ts';
import type { ZoneSettings } from './zones.ts';

export interface NodeLifecycleSettings extends HealthSettings, ZoneSettings {}

/** Notices nodes that are lost, keeps new pods away from them, and sends their pods elsewhere. */
export function createNodeLifecycleControllers(
  context: ControllerContext,
  settings: NodeLifecycleSettings,
): readonly Runnable[] {
  const { client, clock, random, log, informers } = context;
  const caches = { nodes: informers.informer(nodes), pods: informers.informer(pods, nodeIndexes) };
  const leaseCache = informers.informer(leases);
  const census = createNodeCensus();
  const pace = createEvictionPace(settings, () => clock.now());
  const fence = createNodeFence(client, leaseCache, clock);
  const heartbeats = createHeartbeats({
    nodes: caches.nodes,
    leases: leaseCache,
    clock,
    onSign: (name) => monitor.onSign(name),
  });
  const monitor: NodeMonitor = createNodeMonitor({
    heartbeats: () => heartbeats,
    attention: createAttention({ client, leases: leaseCache, clock, log }),
    nodes: caches.nodes,
    settings,
    clock,
    onChange: (name) => lifecycle.enqueue({ name }),
  });
  const lifecycle = createController({
    name: 'nodelifecycle',
    queue: retries,
    reconcile: createNodeReconcile(context, caches, monitor, census, pace),
    sources: [
      following(caches.nodes.waitForSync, () => census.attach(caches.nodes)),
      forObject(caches.nodes),
      whenOneIsLost(caches.nodes, census),
      onDelete(caches.nodes, ({ metadata }) => pace.forget(metadata.name)),
      following(leaseCache.waitForSync, heartbeats.attach),
    ],
    concurrency: 8,
    clock,
    random,
    log,
  });
  const eviction = createController({
    name: 'taint-eviction',
    queue: retries,
    reconcile: createEvictReconcile(context, caches, fence),
    sources: [
      forObject(caches.pods, ({ spec }) => spec?.nodeName !== undefined),
      mapped(caches.nodes, (node) =>
        (node.spec?.taints ?? []).some(({ effect }) => effect === 'NoExecute')
          ? caches.pods.byIndex(nodeIndex, node.metadata.name).map(keyOf)
          : [],
      ),
      following(leaseCache.waitForSync, fence.attach),
    ],
    concurrency: 16,
    clock,
    random,
    log,
  });
  return [lifecycle, { name: 'node-monitor', run: monitor.run }, eviction];
}

/** All that are lost, whenever one more or less is: what may be done about each depends on how many they are. */
const whenOneIsLost = (cache: Informer<V1Node>, census: NodeCensus): Source => ({
  waitForSync: cache.waitForSync,
  attach: (enqueue) =>
    cache.addHandler({
      onUpdate(node, old) {
        if (isNodeReady(node) === isNodeReady(old)) return;
        for (const name of census.lost.keys()) enqueue({ name });
      },
    }),
});

/** Something that follows a cache for as long as the controller runs, and names no keys. */
const following = (waitForSync: Source['waitForSync'], attach: () => () => void): Source => ({ waitForSync, attach });
