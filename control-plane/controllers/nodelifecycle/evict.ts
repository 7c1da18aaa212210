import { mustNotRunTwice } from '#api/fence.ts';
import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile, type ReconcileResult } from '#client/reconciler.ts';
import type { ControllerContext } from '../shared/context.ts';
import { disruptedStatus } from '../shared/disruption.ts';
import type { NodeFence } from '../shared/node-fence.ts';
import { isPodTerminal, podCondition } from '../shared/pods.ts';
import { readyCondition } from './health.ts';
import { evictionTaint } from './taints.ts';
import { evictionAtMs } from './tolerations.ts';

/** A machine that was heard of at the last moment: it is either back soon, or lost anew. */
const lookAgainMs = 1_000;

/**
 * Sends a pod away when its node has a NoExecute taint that the pod does not tolerate, or no longer. What must not run twice and is
 * going on a machine that is lost is let go of once that machine has certainly stopped it, so that it can be made anew elsewhere.
 */
export function createEvictReconcile(
  { client, clock, recorder }: ControllerContext,
  caches: { readonly nodes: Informer<V1Node>; readonly pods: Informer<V1Pod> },
  fence: NodeFence,
): Reconcile {
  const evict = async (pod: Stored<V1Pod>, signal: AbortSignal): Promise<void> => {
    const { namespace, name, uid } = pod.metadata;
    try {
      if (podCondition(pod, 'DisruptionTarget')?.status !== 'True' && !isPodTerminal(pod)) {
        const why = 'Taint manager: deleting due to NoExecute taint';
        const status = disruptedStatus(pod, 'DeletionByTaintManager', why, clock.now());
        await client.updateStatus(pods, { ...pod, status }, { signal });
      }
      await client.delete(pods, keyOf(pod), { signal, preconditions: { uid } });
      recorder.record(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
  };

  const letGo = async (pod: Stored<V1Pod>, node: Stored<V1Node>, signal: AbortSignal): Promise<ReconcileResult> => {
    if (!mustNotRunTwice(pod) || readyCondition(node)?.status !== 'Unknown' || !evictionTaint(node)) return done;
    const { name } = node.metadata;
    const waitMs = fence.waitMs(name);
    // Without a promise nobody knows whether it runs: then the node must be removed by hand.
    if (waitMs === undefined) return done;
    if (waitMs > 0) return after(waitMs);
    if (!(await fence.take(name, signal))) return after(lookAgainMs);
    const { uid, resourceVersion } = pod.metadata;
    try {
      const options = { signal, gracePeriodSeconds: 0, preconditions: { uid, resourceVersion } };
      await client.delete(pods, keyOf(pod), options);
      recorder.record(
        pod,
        'Normal',
        'Fenced',
        `Node ${name} is lost and has stopped the pod as promised: it may be replaced`,
      );
      return done;
    } catch (error) {
      if (isNotFound(error)) return done;
      if (isConflict(error)) return after(lookAgainMs);
      throw error;
    }
  };

  return async (signal, key) => {
    const pod = caches.pods.get(key);
    if (pod?.spec?.nodeName === undefined) return done;
    const node = caches.nodes.get({ name: pod.spec.nodeName });
    if (pod.metadata.deletionTimestamp !== undefined) return node ? letGo(pod, node, signal) : done;
    const taints = node?.spec?.taints ?? [];
    const nowMs = clock.now();
    const atMs = evictionAtMs(pod, taints, nowMs);
    if (atMs === undefined) return done;
    if (atMs > nowMs) return after(atMs - nowMs);
    await evict(pod, signal);
    return done;
  };
}
