import type { V1Node, V1PersistentVolumeClaim } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Labels } from '#api/selectors/labels.ts';
import { createPodCounters } from './counters.ts';
import { createNodeState, type NodeState } from './node-state.ts';
import type { NodeView, PodInfo, PodTerm, Snapshot } from './types.ts';

/**
 * The cluster as the scheduler sees it: what the API server told, and on top the pods that it has decided on but not
 * yet seen bound. It is its own snapshot: a plan is made without a pause, so nothing changes under it.
 */
export interface ClusterState {
  readonly snapshot: Snapshot;
  setNode(node: Stored<V1Node>): void;
  removeNode(name: string): void;
  setNamespace(name: string, labels: Labels): void;
  removeNamespace(name: string): void;
  setClaim(claim: Stored<V1PersistentVolumeClaim>): void;
  removeClaim(claim: Stored<V1PersistentVolumeClaim>): void;
  /** A pod that is on a node: new, changed, or one that was assumed. */
  place(pod: PodInfo, nodeName: string): void;
  /** The pod takes nothing any more. Returns whether it was there. */
  remove(uid: string): boolean;
  nodeOf(uid: string): string | undefined;
}

export function createClusterState(): ClusterState {
  const nodes = new Map<string, NodeState>();
  const placed = new Map<string, { readonly pod: PodInfo; readonly nodeName: string }>();
  const namespaces = new Map<string, Labels>();
  const claims = new Map<string, Stored<V1PersistentVolumeClaim>>();
  const antiTerms = new Map<string, { readonly term: PodTerm; readonly nodes: Map<string, number> }>();
  let views: readonly NodeView[] | undefined;
  const counters = createPodCounters((namespace) => placed.values().filter(({ pod }) => pod.namespace === namespace));

  const stateOf = (name: string): NodeState => {
    const state = nodes.get(name) ?? createNodeState(name);
    nodes.set(name, state);
    return state;
  };

  const changeTerms = (pod: PodInfo, nodeName: string, by: 1 | -1): void => {
    for (const term of pod.antiAffinity) {
      const entry = antiTerms.get(term.id) ?? { term, nodes: new Map<string, number>() };
      const count = (entry.nodes.get(nodeName) ?? 0) + by;
      if (count === 0) entry.nodes.delete(nodeName);
      else entry.nodes.set(nodeName, count);
      if (entry.nodes.size === 0) antiTerms.delete(term.id);
      else antiTerms.set(term.id, entry);
    }
  };

  const remove = (uid: string): boolean => {
    const entry = placed.get(uid);
    if (!entry) return false;
    const { pod, nodeName } = entry;
    placed.delete(uid);
    const state = stateOf(nodeName);
    state.remove(pod);
    if (state.empty) nodes.delete(nodeName);
    counters.remove(pod, nodeName);
    changeTerms(pod, nodeName, -1);
    return true;
  };

  return {
    snapshot: {
      get nodes() {
        views ??= [...nodes.values()].flatMap(({ view }) => (view ? [view] : []));
        return views;
      },
      namespaces,
      claim: (namespace, name) => claims.get(`${namespace}/${name}`),
      countPods: counters.count,
      get placedAntiAffinity() {
        return antiTerms.values();
      },
    },
    setNode(node) {
      stateOf(node.metadata.name).setNode(node);
      views = undefined;
    },
    removeNode(name) {
      const state = nodes.get(name);
      state?.setNode(undefined);
      if (state?.empty) nodes.delete(name);
      views = undefined;
    },
    setNamespace: (name, labels) => void namespaces.set(name, labels),
    removeNamespace: (name) => void namespaces.delete(name),
    setClaim: (claim) => void claims.set(claimKey(claim), claim),
    removeClaim: (claim) => void claims.delete(claimKey(claim)),
    place(pod, nodeName) {
      remove(pod.uid);
      placed.set(pod.uid, { pod, nodeName });
      stateOf(nodeName).add(pod);
      counters.add(pod, nodeName);
      changeTerms(pod, nodeName, 1);
    },
    remove,
    nodeOf: (uid) => placed.get(uid)?.nodeName,
  };
}

const claimKey = ({ metadata }: Stored<V1PersistentVolumeClaim>): string => `${metadata.namespace}/${metadata.name}`;
