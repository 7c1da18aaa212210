import type {
  V1Affinity,
  V1DaemonSet,
  V1NodeSelectorTerm,
  V1Pod,
  V1PodSpec,
  V1Toleration,
} from '#api/generated/types.ts';
import { daemonSets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { Random } from '#base/random.ts';
import { drawPodName, podFromTemplate } from '../shared/pod-template.ts';

export type DaemonSet = Stored<V1DaemonSet>;
export type Pod = Stored<V1Pod>;

/** On a revision and on the pods that come from it. */
export const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';

export const hashOf = (pod: V1Pod): string => pod.metadata?.labels?.[hashLabel] ?? '';

/** A pod for one node. The scheduler brings it there, so that it waits where there is no room. */
export function newPod(set: DaemonSet, node: string, hash: string, random: Random): V1Pod {
  const generation = set.metadata.annotations?.[generationAnnotation];
  const labels = { ...(generation && { [generationLabel]: generation }), [hashLabel]: hash };
  const pod = podFromTemplate(daemonSets, set, set.spec?.template ?? {}, { name: drawPodName(set, random), labels });
  const { spec = { containers: [] } } = pod;
  return {
    ...pod,
    spec: { ...spec, affinity: affinityTo(node, spec.affinity), tolerations: [...daemonTolerations(spec)] },
  };
}

/** Every term of the required node affinity comes to mean this one node. */
function affinityTo(node: string, affinity: V1Affinity | undefined): V1Affinity {
  const nodeAffinity = affinity?.nodeAffinity;
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const wanted: V1NodeSelectorTerm[] = (terms.length > 0 ? terms : [{}]).map((term) => ({ ...term, matchFields }));
  return {
    ...affinity,
    nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: wanted } },
  };
}

const toleration = (key: string, effect: string): V1Toleration => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect,
});

/** A daemon stays on a node that is in trouble: it may be what mends it. */
const added: readonly V1Toleration[] = [
  toleration('not-ready', 'NoExecute'),
  toleration('unreachable', 'NoExecute'),
  toleration('disk-pressure', 'NoSchedule'),
  toleration('memory-pressure', 'NoSchedule'),
  toleration('pid-pressure', 'NoSchedule'),
  toleration('unschedulable', 'NoSchedule'),
];
const addedOnHostNetwork: readonly V1Toleration[] = [...added, toleration('network-unavailable', 'NoSchedule')];

/** The template's own tolerations, then those that every daemon has; one that says the same but for its time is replaced. */
export function daemonTolerations(spec: V1PodSpec): readonly V1Toleration[] {
  const own = spec.tolerations ?? [];
  const more = spec.hostNetwork ? addedOnHostNetwork : added;
  const replaces = (one: V1Toleration, other: V1Toleration): boolean =>
    one.key === other.key && one.effect === other.effect && one.operator === other.operator && !other.value;
  return [...own.filter((one) => !more.some((other) => replaces(other, one))), ...more];
}
