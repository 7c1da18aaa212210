import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import { keyOf } from '#client/key.ts';
import type { ControllerContext } from './context.ts';
import type { PendingPods } from './pending-pods.ts';
import { isRefusal } from './refusal.ts';

/** Makes and removes pods of an owner, remembers what the cache does not show yet, and tells of it as ReplicaSets do. */
export interface PodControl {
  /** The pod's name was drawn by the caller. */
  create(owner: Stored<KubeObject>, pod: V1Pod, signal: AbortSignal): Promise<void>;
  remove(owner: Stored<KubeObject>, pod: Stored<V1Pod>, signal: AbortSignal): Promise<void>;
}

export function createPodControl({ client, recorder }: ControllerContext, pending: PendingPods): PodControl {
  return {
    async create(owner, pod, signal) {
      const { uid } = owner.metadata;
      try {
        const created = await client.create(pods, pod, { signal });
        pending.created(uid, created);
        recorder.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
      } catch (error) {
        // The name was drawn for this one pod: if it is taken, an earlier delivery of this request has taken it.
        if (isRefusal(error) && !isAlreadyExists(error)) throw error;
        pending.uncertain(uid, 'create', { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' });
        throw error;
      }
    },
    async remove(owner, pod, signal) {
      const { uid } = owner.metadata;
      try {
        await client.delete(pods, keyOf(pod), { signal, preconditions: { uid: pod.metadata.uid } });
        pending.deleted(uid, pod);
        recorder.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
      } catch (error) {
        // Gone, or another pod of that name: either way this one is no more, as the cache will show.
        if (isNotFound(error) || isConflict(error)) return pending.deleted(uid, pod);
        if (!isRefusal(error)) pending.uncertain(uid, 'delete', keyOf(pod), pod.metadata.uid);
        throw error;
      }
    },
  };
}
