import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile, type ReconcileResult } from '#client/reconciler.ts';
import type { ControllerContext } from '../shared/context.ts';
import { nodeIndex } from '../shared/indexes.ts';
import { isPodReady } from '../shared/pods.ts';
import { formatTime } from '../shared/time.ts';
import type { NodeCensus } from './census.ts';
import { isNodeReady, unknownConditions } from './health.ts';
import type { NodeMonitor } from './monitor.ts';
import type { EvictionPace } from './pace.ts';
import { wantedTaints } from './taints.ts';

export interface NodeCaches {
  readonly nodes: Informer<V1Node>;
  readonly pods: Informer<V1Pod>;
}

/** While a node waits for its turn to be evicted, or the whole cluster seems lost. */
const lookAgainMs = 1_000;
/** Pods of one node that are written at once. */
const podWritesMax = 32;

/** Keeps what the cluster says of one node true: its conditions, its taints, the readiness of its pods. */
export function createNodeReconcile(
  { client, clock, recorder }: ControllerContext,
  caches: NodeCaches,
  monitor: Pick<NodeMonitor, 'isLost'>,
  census: NodeCensus,
  pace: EvictionPace,
): Reconcile {
  const markLost = async (node: Stored<V1Node>, signal: AbortSignal): Promise<Stored<V1Node>> => {
    const conditions = unknownConditions(node, clock.now());
    if (!conditions) return node;
    const written = await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } }, { signal });
    recorder.record(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    return written;
  };

  const markPod = async (pod: Stored<V1Pod>, signal: AbortSignal): Promise<void> => {
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
  };

  /** Together, so that they go from the endpoints in one sweep. Only of a lost node: an agent that lives knows better. */
  const markPods = async (name: string, signal: AbortSignal): Promise<void> => {
    const ready = caches.pods.byIndex(nodeIndex, name).filter(isPodReady);
    for (let first = 0; first < ready.length; first += podWritesMax) {
      const batch = ready.slice(first, first + podWritesMax);
      const results = await Promise.allSettled(batch.map((pod) => markPod(pod, signal)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }
  };

  const setTaints = async (node: Stored<V1Node>, signal: AbortSignal): Promise<ReconcileResult> => {
    const mode = pace.mode(node, census);
    const taints = wantedTaints(node, mode, clock.now());
    if (taints) {
      const { taints: _, ...spec } = node.spec ?? {};
      const next = { ...node, spec: taints.length > 0 ? { ...spec, taints } : spec };
      await client.update(nodes, next, { signal });
    }
    if (isNodeReady(node)) return done;
    return mode === 'evict' ? done : after(lookAgainMs);
  };

  return async (signal, { name }) => {
    const node = caches.nodes.get({ name });
    if (!node) return done;
    const lost = monitor.isLost(name);
    const current = lost ? await markLost(node, signal) : node;
    if (lost) await markPods(name, signal);
    return setTaints(current, signal);
  };
}
