import type { V1NodeSelector, V1NodeSelectorTerm } from '#api/generated/types.ts';
import { meetsNodeRequirement } from '#api/selectors/nodes.ts';
import type { NodeView, PodInfo } from './types.ts';

/** Node selectors know operators that label selectors do not (Gt, Lt), and fields of the node. */
export const matchesNodeSelector = (selector: V1NodeSelector, node: NodeView): boolean =>
  selector.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));

/** A term without any requirement matches nothing. */
export function matchesNodeTerm(
  { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
  node: NodeView,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((one) =>
      meetsNodeRequirement(one, Object.hasOwn(node.labels, one.key) ? node.labels[one.key] : undefined),
    ) && matchFields.every((one) => one.key === 'metadata.name' && meetsNodeRequirement(one, node.name))
  );
}

/** What the pod requires of a node by its nodeSelector and node affinity. */
export function matchesRequiredNodes(pod: PodInfo, node: NodeView): boolean {
  for (const [key, value] of Object.entries(pod.nodeSelector ?? {})) if (node.labels[key] !== value) return false;
  return !pod.requiredNodes || matchesNodeSelector(pod.requiredNodes, node);
}

/** Names of the only nodes that can match, where every term names nodes; undefined where any node might. */
export function onlyNodes(selector: V1NodeSelector | undefined): ReadonlySet<string> | undefined {
  if (!selector) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of selector.nodeSelectorTerms) {
    const byName = matchFields.find((one) => one.key === 'metadata.name' && one.operator === 'In');
    if (!byName) return undefined;
    for (const name of byName.values ?? []) names.add(name);
  }
  return names;
}
