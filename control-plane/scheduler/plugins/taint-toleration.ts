import { tolerates, untolerated } from '#api/selectors/taints.ts';
import { normalizeReversed } from '../scores.ts';
import type { Plugin } from '../types.ts';

/** Keeps pods off nodes with taints that they do not tolerate, and prefers those with fewer PreferNoSchedule ones. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  wakes: ['node-added', 'node-taints'],
  weight: 3,
  prepare({ tolerations }) {
    return {
      check(node) {
        const taint = untolerated(node.taints, tolerations);
        if (!taint) return undefined;
        const reason = `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
        return { plugin: 'TaintToleration', kind: 'unresolvable', reasons: [reason] };
      },
      score: (nodes) =>
        normalizeReversed(
          nodes.map(
            ({ taints }) =>
              taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length,
          ),
        ),
    };
  },
};
