import type { V1Node, V1Pod, V1PodSpec, V1Taint } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { matchesRequirements } from '#api/selectors/nodes.ts';
import { tolerates } from '#api/selectors/taints.ts';
import { type DaemonSet, daemonTolerations } from './pod.ts';

export interface Eligibility {
  /** A pod is to be made there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
}

const no: Eligibility = { run: false, stay: false };

/** Whether the set's pods belong on a node. Room for them is the scheduler's business. */
export function eligibility(set: DaemonSet, node: Stored<V1Node>): Eligibility {
  const spec: V1PodSpec = set.spec?.template.spec ?? { containers: [] };
  const { name, labels = {} } = node.metadata;
  if (spec.nodeName && spec.nodeName !== name) return no;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!matchesRequirements(spec.nodeSelector, required, { name, labels })) return no;
  const tolerations = daemonTolerations(spec);
  const keepsOff = (taint: V1Taint, effects: readonly string[]): boolean =>
    effects.includes(taint.effect) && !tolerates(tolerations, taint);
  const taints = node.spec?.taints ?? [];
  return {
    run: !taints.some((taint) => keepsOff(taint, ['NoSchedule', 'NoExecute'])),
    stay: !taints.some((taint) => keepsOff(taint, ['NoExecute'])),
  };
}

/** The node a pod is on, or is meant for. */
export function targetNodeOf({ spec }: V1Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const byName = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (byName?.values?.length === 1) return byName.values[0];
  }
  return undefined;
}
