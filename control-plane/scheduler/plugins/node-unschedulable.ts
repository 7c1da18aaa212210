import { tolerates } from '#api/selectors/taints.ts';
import type { Plugin, Refusal } from '../types.ts';

const refusal: Refusal = {
  plugin: 'NodeUnschedulable',
  kind: 'unresolvable',
  reasons: ['node(s) were unschedulable'],
};

/** Keeps pods from cordoned nodes, unless they tolerate the taint that stands for it (as those of DaemonSets do). */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wakes: ['node-added', 'node-taints'],
  weight: 0,
  prepare(pod) {
    const tolerated = tolerates(pod.tolerations, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
    if (tolerated) return undefined;
    return { check: ({ node }) => (node.spec?.unschedulable ? refusal : undefined) };
  },
};
