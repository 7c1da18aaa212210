import type { V1NodeSelector } from '#api/generated/types.ts';
import { matchesRequirements } from '#api/selectors/nodes.ts';
import type { NodeView, PodInfo } from './types.ts';

export const matchesRequiredNodes = (pod: PodInfo, node: NodeView): boolean =>
  matchesRequirements(pod.nodeSelector, pod.requiredNodes, node);

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
