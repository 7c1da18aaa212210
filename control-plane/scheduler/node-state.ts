import type { V1Node, V1Taint } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { parseQuantity, quantityValue } from '#api/quantity.ts';
import type { Labels } from '#api/selectors/labels.ts';
import { addResources, type MutableResources, noResources, readResources } from './resources.ts';
import type { NodeView, PodInfo } from './types.ts';

/** The pods of one node and their sums, kept current pod by pod. The node itself may not be known (yet, or any more). */
export interface NodeState {
  readonly view: NodeView | undefined;
  setNode(node: Stored<V1Node> | undefined): void;
  add(pod: PodInfo): void;
  remove(pod: PodInfo): void;
  readonly empty: boolean;
}

export function createNodeState(name: string): NodeState {
  const pods = new Map<string, PodInfo>();
  const groups = new Map<string, number>();
  const ports = new Map<string, string[]>();
  const requested: MutableResources = noResources();
  const scoreRequested = { cpu: 0, memory: 0 };
  let view: NodeView | undefined;

  const change = (pod: PodInfo, by: 1 | -1): void => {
    addResources(requested, pod.requests, by);
    scoreRequested.cpu += by * pod.scoreRequests.cpu;
    scoreRequested.memory += by * pod.scoreRequests.memory;
    const inGroup = (groups.get(pod.group) ?? 0) + by;
    if (inGroup === 0) groups.delete(pod.group);
    else groups.set(pod.group, inGroup);
    for (const { protocol, port, ip } of pod.hostPorts) {
      const id = `${protocol}/${port}`;
      const used = ports.get(id) ?? [];
      if (by === 1) used.push(ip);
      else used.splice(used.indexOf(ip), 1);
      if (used.length === 0) ports.delete(id);
      else ports.set(id, used);
    }
  };

  return {
    get view() {
      return view;
    },
    get empty() {
      return view === undefined && pods.size === 0;
    },
    setNode(node) {
      view = node && { name, ...describe(node), requested, scoreRequested, pods, groups, ports };
    },
    add(pod) {
      pods.set(pod.uid, pod);
      change(pod, 1);
    },
    remove(pod) {
      if (pods.delete(pod.uid)) change(pod, -1);
    },
  };
}

function describe(node: Stored<V1Node>): {
  node: Stored<V1Node>;
  labels: Labels;
  taints: readonly V1Taint[];
  allocatable: NodeView['allocatable'];
  images: ReadonlyMap<string, number>;
} {
  const amounts = node.status?.allocatable ?? node.status?.capacity ?? {};
  const podsMax = amounts.pods === undefined ? 0 : quantityValue(parseQuantity(amounts.pods));
  const images = (node.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
    (names ?? []).map((image): [string, number] => [image, sizeBytes ?? 0]),
  );
  return {
    node,
    labels: node.metadata.labels ?? {},
    taints: node.spec?.taints ?? [],
    allocatable: { ...readResources(amounts), pods: podsMax },
    images: new Map(images),
  };
}
