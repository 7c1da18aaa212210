import type { Plugin, Refusal } from '../types.ts';

const refusal: Refusal = {
  plugin: 'NodeName',
  kind: 'unresolvable',
  reasons: ["node(s) didn't match the requested node name"],
};

/** A pod that names its node goes there or nowhere. */
export const nodeName: Plugin = {
  name: 'NodeName',
  wakes: ['node-added'],
  weight: 0,
  prepare({ nodeName: wanted }) {
    return wanted ? { check: (node) => (node.name === wanted ? undefined : refusal) } : undefined;
  },
};
