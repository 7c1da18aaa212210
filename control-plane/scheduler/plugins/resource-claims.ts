import type { Plugin, Refusal } from '../types.ts';

const refusal: Refusal = {
  plugin: 'DynamicResources',
  kind: 'unresolvable',
  reasons: ['resource claims are not supported yet'],
};

/** Dynamic resource allocation is not there: such a pod must wait, not start without its devices. */
export const resourceClaims: Plugin = {
  name: 'DynamicResources',
  wakes: [],
  weight: 0,
  prepare({ pod }) {
    return pod.spec?.resourceClaims?.length ? { check: () => refusal } : undefined;
  },
};
