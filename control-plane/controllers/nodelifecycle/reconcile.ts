import type { V1Lease, V1Node, V1Pod } from '#api/generated/types.ts';
import { nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile, type ReconcileResult } from '#client/reconciler.ts';
import type { ControllerContext } from '../shared/context.ts';
import { nodeIndex } from '../shared/indexes.ts';
import { isPodReady, podCondition } from '../shared/pods.ts';
import { formatTime, parseTime } from '../shared/time.ts';
import {
  type HealthSettings,
  isNodeReady,
  lostInMs,
  type Observation,
  observe,
  readyCondition,
  unknownConditions,
} from './health.ts';
import type { EvictionPace } from './pace.ts';
import { wantedTaints } from './taints.ts';

export interface NodeCaches {
  readonly nodes: Informer<V1Node>;
  readonly leases: Informer<V1Lease>;
  readonly pods: Informer<V1Pod>;
}

/** While a node waits for its turn to be evicted, or the whole cluster seems lost. */
const lookAgainMs = 5_000;

/** Keeps what the cluster says of one node true: its conditions, its taints, the readiness of its pods. */
export function createNodeReconcile(
  { client, clock, recorder }: ControllerContext,
  caches: NodeCaches,
  health: HealthSettings,
  pace: EvictionPace,
  /** What was last seen of each node. */
  seen: Map<string, Observation>,
): Reconcile {
  const markLost = async (node: Stored<V1Node>, signal: AbortSignal): Promise<Stored<V1Node>> => {
    const conditions = unknownConditions(node, clock.now());
    if (!conditions) return node;
    const written = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } }, { signal });
    recorder.record(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    return written;
  };

  const markPods = async (node: Stored<V1Node>, signal: AbortSignal): Promise<void> => {
    const since = parseTime(readyCondition(node)?.lastTransitionTime) ?? clock.now();
    for (const pod of caches.pods.byIndex(nodeIndex, node.metadata.name)) {
      // Ready again after the node was given up: then its agent lives, and knows better.
      const readySince = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime) ?? 0;
      if (!isPodReady(pod) || readySince > since) continue;
      const conditions = (pod.status?.conditions ?? []).map((condition) =>
        condition.type === 'Ready'
          ? { ...condition, status: 'False', lastTransitionTime: formatTime(clock.now()) }
          : condition,
      );
      try {
        await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } }, { signal });
        recorder.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };

  const setTaints = async (node: Stored<V1Node>, signal: AbortSignal): Promise<ReconcileResult> => {
    const mode = pace.mode(node, caches.nodes.list());
    const taints = wantedTaints(node, mode, clock.now());
    if (taints) await client.update(nodes, { ...node, spec: { ...node.spec, taints } }, { signal });
    if (isNodeReady(node)) return done;
    return mode === 'evict' ? done : after(lookAgainMs);
  };

  return async (signal, { name }) => {
    const node = caches.nodes.get({ name });
    if (!node) return done;
    const lease = caches.leases.get({ namespace: 'kube-node-lease', name });
    const nowMs = clock.now();
    const observed = observe(seen.get(name), node, lease, nowMs);
    seen.set(name, observed);
    const leftMs = lostInMs(node, observed, health, nowMs);
    const current = leftMs <= 0 ? await markLost(node, signal) : node;
    const result = await setTaints(current, signal);
    if (!isNodeReady(current) && readyCondition(current)) await markPods(current, signal);
    if (leftMs <= 0) return result;
    return result.kind === 'after' ? after(Math.min(result.delayMs, leftMs)) : after(leftMs);
  };
}
