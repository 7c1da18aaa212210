import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile } from '#client/reconciler.ts';
import type { ControllerContext } from '../shared/context.ts';
import { disruptedStatus } from '../shared/disruption.ts';
import { isPodTerminal, podCondition } from '../shared/pods.ts';
import { evictionAtMs } from './tolerations.ts';

/** Sends a pod away when its node has a NoExecute taint that the pod does not tolerate, or no longer. */
export function createEvictReconcile(
  { client, clock, recorder }: ControllerContext,
  caches: { readonly nodes: Informer<V1Node>; readonly pods: Informer<V1Pod> },
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

  return async (signal, key) => {
    const pod = caches.pods.get(key);
    if (pod?.spec?.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return done;
    const taints = caches.nodes.get({ name: pod.spec.nodeName })?.spec?.taints ?? [];
    const nowMs = clock.now();
    const atMs = evictionAtMs(pod, taints, nowMs);
    if (atMs === undefined) return done;
    if (atMs > nowMs) return after(atMs - nowMs);
    await evict(pod, signal);
    return done;
  };
}
