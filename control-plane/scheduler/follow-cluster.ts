import { isDeepStrictEqual } from 'node:util';
import type { V1Namespace, V1Node, V1PersistentVolumeClaim, V1Pod } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import { imagesChanged, nodeEvents } from './node-events.ts';
import { createPodInfo, isTerminal } from './pod-info.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';
import type { ClusterState } from './state.ts';
import type { PodInfo } from './types.ts';

export interface ClusterSources {
  readonly pods: Informer<V1Pod>;
  readonly nodes: Informer<V1Node>;
  readonly namespaces: Informer<V1Namespace>;
  readonly claims: Informer<V1PersistentVolumeClaim>;
}

export interface Followers {
  readonly state: ClusterState;
  readonly queue: SchedulingQueue;
  readonly schedulerName: string;
  /** The scheduler has decided on it and waits to see it on its node. */
  isAssumed(uid: string): boolean;
  /** It has been seen on a node, or is gone. */
  confirm(uid: string): void;
}

/** Keeps state and queue as the informers tell, and wakes parked pods. Returns its end. */
export function followCluster(sources: ClusterSources, followers: Followers): () => void {
  const { state, queue } = followers;
  const ends = [
    sources.nodes.addHandler({
      onAdd(node) {
        state.setNode(node);
        queue.wake('node-added');
      },
      onUpdate(node, old) {
        const events = nodeEvents(node, old);
        if (events.length === 0 && !imagesChanged(node, old)) return;
        state.setNode(node);
        for (const event of events) queue.wake(event);
      },
      onDelete(node) {
        state.removeNode(node.metadata.name);
        queue.wake('node-removed');
      },
    }),
    sources.namespaces.addHandler({
      onAdd: (namespace) => setNamespace(followers, namespace),
      onUpdate(namespace, old) {
        if (!isDeepStrictEqual(namespace.metadata.labels, old.metadata.labels)) setNamespace(followers, namespace);
      },
      onDelete: (namespace) => state.removeNamespace(namespace.metadata.name),
    }),
    sources.claims.addHandler({
      onAdd(claim) {
        state.setClaim(claim);
        queue.wake('claim');
      },
      onUpdate(claim) {
        state.setClaim(claim);
        queue.wake('claim');
      },
      onDelete: (claim) => state.removeClaim(claim),
    }),
    sources.pods.addHandler({
      onAdd: (pod) => followPod(followers, pod, undefined),
      onUpdate(pod, old) {
        if (matters(pod, old)) followPod(followers, pod, old);
      },
      onDelete(pod) {
        leave(followers, pod.metadata.uid);
      },
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function setNamespace({ state, queue }: Followers, namespace: Stored<V1Namespace>): void {
  state.setNamespace(namespace.metadata.name, namespace.metadata.labels ?? {});
  queue.wake('namespace');
}

/** Most updates of pods are the node's reports on containers, which scheduling does not look at. */
function matters(pod: Stored<V1Pod>, old: Stored<V1Pod>): boolean {
  return (
    isTerminal(pod) !== isTerminal(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    !isDeepStrictEqual(pod.metadata.labels, old.metadata.labels) ||
    !isDeepStrictEqual(pod.spec, old.spec) ||
    (!pod.spec?.nodeName && !isDeepStrictEqual(pod.status, old.status))
  );
}

function followPod(followers: Followers, pod: Stored<V1Pod>, old: Stored<V1Pod> | undefined): void {
  const { queue } = followers;
  const uid = pod.metadata.uid;
  if (isTerminal(pod)) {
    leave(followers, uid);
    return;
  }
  const info = createPodInfo(pod);
  if (info.nodeName) {
    followPlaced(followers, info, info.nodeName, old);
    return;
  }
  const wanted =
    (pod.spec?.schedulerName ?? 'default-scheduler') === followers.schedulerName &&
    !pod.spec?.schedulingGates?.length &&
    !info.terminating;
  if (!wanted) queue.remove(uid);
  else if (!followers.isAssumed(uid)) queue.put(info, old !== undefined && wantsMoved(pod, old));
}

function leave({ state, queue, confirm }: Followers, uid: string): void {
  const held = state.nodeOf(uid) !== undefined;
  confirm(uid);
  queue.remove(uid);
  state.remove(uid);
  if (held) queue.wake('pod-removed');
}

function followPlaced({ state, queue, confirm }: Followers, info: PodInfo, nodeName: string, old?: V1Pod): void {
  const known = state.nodeOf(info.uid);
  confirm(info.uid);
  queue.remove(info.uid);
  state.place(info, nodeName);
  if (known === undefined) queue.wake('pod-placed');
  else if (old && !isDeepStrictEqual(info.pod.metadata.labels, old.metadata?.labels)) queue.wake('pod-labels');
  else if (old?.spec?.nodeName) queue.wake('pod-removed');
}

/** The scheduler's own reports in the status must not count as news. */
const wantsMoved = (pod: Stored<V1Pod>, old: Stored<V1Pod>): boolean =>
  !isDeepStrictEqual(pod.spec, old.spec) || !isDeepStrictEqual(pod.metadata.labels, old.metadata.labels);
