import type { V1Container, V1Node, V1Pod, V1PodSpec, V1Taint } from '#api/generated/types.ts';
import { nodes, pods } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isStored } from '#client/stored.ts';
import { createPodInfo } from './pod-info.ts';
import { type ClusterState, createClusterState } from './state.ts';
import type { PodInfo } from './types.ts';

/** Builders for the scheduler's tests. */

export interface NodeShape {
  readonly labels?: Record<string, string>;
  readonly taints?: V1Taint[];
  readonly unschedulable?: boolean;
  readonly allocatable?: Record<string, string>;
  readonly images?: string[];
}

export function nodeObject(name: string, shape: NodeShape = {}): V1Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...shape.labels } },
    spec: {
      ...(shape.taints && { taints: shape.taints }),
      ...(shape.unschedulable && { unschedulable: true }),
    },
    status: {
      allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110', ...shape.allocatable },
      images: (shape.images ?? []).map((image) => ({ names: [image], sizeBytes: 500 * 2 ** 20 })),
    },
  };
}

export interface PodShape extends Partial<Omit<V1PodSpec, 'containers'>> {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly owner?: string;
  readonly requests?: Record<string, string>;
  readonly container?: Partial<V1Container>;
}

export function podObject(name: string, shape: PodShape = {}): V1Pod {
  const { namespace = 'default', labels, owner, requests, container, ...spec } = shape;
  const reference = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: owner ?? '',
    uid: owner ?? '',
    controller: true,
  };
  return {
    metadata: { namespace, name, ...(labels && { labels }), ...(owner && { ownerReferences: [reference] }) },
    spec: { containers: [{ name: 'main', ...(requests && { resources: { requests } }), ...container }], ...spec },
  };
}

let stored = 0;

/** As a server would have stored it. */
export function asStored<T extends KubeObject>(type: ResourceType<T>, object: T): Stored<T> {
  stored += 1;
  const identity = { creationTimestamp: '2026-01-01T00:00:00Z', uid: `uid-${object.metadata?.name}` };
  const metadata = { ...identity, resourceVersion: String(stored), ...object.metadata };
  const result: KubeObject = { ...object, apiVersion: 'v1', kind: type.kind, metadata };
  if (!isStored(type, result)) throw new Error(`not a ${type.kind}`);
  return result;
}

export const podInfo = (name: string, shape: PodShape = {}): PodInfo =>
  createPodInfo(asStored(pods, podObject(name, shape)));

/** A cluster of these nodes, with these pods placed where their nodeName says. */
export function clusterOf(nodeList: readonly V1Node[], podList: readonly PodInfo[] = []): ClusterState {
  const state = createClusterState();
  for (const node of nodeList) state.setNode(asStored(nodes, node));
  for (const name of ['default', 'other']) state.setNamespace(name, { 'kubernetes.io/metadata.name': name });
  for (const pod of podList) if (pod.nodeName) state.place(pod, pod.nodeName);
  return state;
}
