import type { V1Pod } from '#api/generated/types.ts';
import type { Problem } from './problem.ts';

const hints: readonly { readonly sign: RegExp; readonly advice: string }[] = [
  {
    sign: /Insufficient (cpu|memory|ephemeral-storage)/,
    advice:
      'Lower resources.requests, stop something else, or add a node; see what is in use with: berth describe nodes',
  },
  {
    sign: /Insufficient|Too many pods/,
    advice: 'Stop something else or add a node; see what is in use with: berth describe nodes',
  },
  {
    sign: /node affinity|node selector/,
    advice: 'Correct spec.nodeSelector or affinity, or label a node: berth label node NAME KEY=VALUE',
  },
  {
    sign: /taint/,
    advice: 'Wait until the node is ready, or add a toleration for its taint: berth describe nodes',
  },
  { sign: /unschedulable/, advice: 'Let a node take pods again with: berth uncordon NAME, or add a node' },
  { sign: /free ports/, advice: 'Another pod has this hostPort: choose another, or leave it out' },
  { sign: /pod affinity|anti-affinity|topology spread/, advice: 'Loosen the affinity or spread rules, or add a node' },
  {
    sign: /unbound immediate PersistentVolumeClaims/,
    advice:
      'Nothing in this cluster gives claims their storage yet: use another kind of volume, or install a storage provisioner; see berth get pvc',
  },
  { sign: /persistentvolumeclaim|volume/i, advice: 'Check the claims of the pod with: berth get pvc' },
  { sign: /no nodes|0\/0 nodes/i, advice: 'There is no node yet: see berth get nodes and berth status' },
];

/** Why the pod is on no node. */
export function scheduleProblem({ spec, status }: V1Pod): Problem | undefined {
  if (spec?.nodeName) return undefined;
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False') return undefined;
  const message = condition.message ?? '';
  if (condition.reason === 'SchedulingGated') {
    const gates = (spec?.schedulingGates ?? []).map(({ name }) => name).join(', ');
    return {
      what: `it is held back by its scheduling gates: ${gates}`,
      advice: 'Remove them from spec.schedulingGates when it may run',
    };
  }
  if (condition.reason !== 'Unschedulable') return undefined;
  // What preemption would do is for experts; it stands in the events.
  const why = message.replace(/\s*preemption:.*$/s, '').replace(/\.$/, '');
  const hint = hints.find(({ sign }) => sign.test(why));
  return {
    what: `no node can take it: ${why}`,
    advice: hint?.advice ?? 'Look at the nodes with: berth describe nodes',
  };
}
