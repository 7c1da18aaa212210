import { matchesNodeTerm } from '#api/selectors/nodes.ts';
import { matchesRequiredNodes, onlyNodes } from '../node-selectors.ts';
import { normalize } from '../scores.ts';
import type { Plugin, PodInfo, PreparedPlugin, Refusal } from '../types.ts';

const refusal: Refusal = {
  plugin: 'NodeAffinity',
  kind: 'unresolvable',
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
};

/** nodeSelector, required and preferred node affinity. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  wakes: ['node-added', 'node-labels'],
  weight: 2,
  prepare(pod) {
    const required = pod.nodeSelector || pod.requiredNodes;
    if (!required && pod.preferredNodes.length === 0) return undefined;
    return {
      ...(required && {
        only: onlyNodes(pod.requiredNodes),
        check: (node) => (matchesRequiredNodes(pod, node) ? undefined : refusal),
      }),
      ...(pod.preferredNodes.length > 0 && { score: scoreOf(pod) }),
    };
  },
};

const scoreOf = (pod: PodInfo): NonNullable<PreparedPlugin['score']> => {
  return (nodes) =>
    normalize(
      nodes.map((node) =>
        pod.preferredNodes.reduce(
          (sum, { preference, weight }) => sum + (matchesNodeTerm(preference, node) ? weight : 0),
          0,
        ),
      ),
    );
};
