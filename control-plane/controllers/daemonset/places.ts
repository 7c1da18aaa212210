import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { type Eligibility, eligibility, targetNodeOf } from './eligible.ts';
import type { DaemonSet, Pod } from './pod.ts';

/** One node, with the set's pods that are on it or meant for it. */
export interface Place {
  readonly node: string;
  readonly eligible: Eligibility;
  /** Pods that ended and are about to go do not count: their place is free. */
  readonly pods: readonly Pod[];
}

/** By name of the node. Stray pods are meant for nodes that are no more, and will never be placed. */
export function placesOf(
  set: DaemonSet,
  nodes: readonly Stored<V1Node>[],
  pods: readonly Pod[],
): { readonly places: readonly Place[]; readonly stray: readonly Pod[] } {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = targetNodeOf(pod);
    if (node === undefined || (isPodTerminal(pod) && isGoing(pod))) continue;
    const there = byNode.get(node) ?? [];
    byNode.set(node, there);
    there.push(pod);
  }
  const places = nodes
    .map((node) => {
      const { name } = node.metadata;
      return { node: name, eligible: eligibility(set, node), pods: (byNode.get(name) ?? []).sort(byAge) };
    })
    .sort((a, b) => compareText(a.node, b.node));
  for (const { node } of places) byNode.delete(node);
  const stray = [...byNode.values()].flat().filter((pod) => !pod.spec?.nodeName && !isGoing(pod));
  return { places, stray };
}

export const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Those on their node first, then the oldest: what works longest is kept. */
const byAge = (a: Pod, b: Pod): number =>
  Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName)) ||
  compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compareText(a.metadata.name, b.metadata.name);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
