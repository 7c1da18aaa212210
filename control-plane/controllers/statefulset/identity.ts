import type {
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodTemplateSpec,
  V1StatefulSet,
  V1Volume,
} from '#api/generated/types.ts';
import { statefulSets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { podFromTemplate } from '../shared/pod-template.ts';

export type StatefulSet = Stored<V1StatefulSet>;
export type Pod = Stored<V1Pod>;
export type Claim = Stored<V1PersistentVolumeClaim>;

export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** Undefined for a pod that is no member: its name is not one that the set gives. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const { name } = pod.metadata;
  if (!name.startsWith(prefix)) return undefined;
  const digits = name.slice(prefix.length);
  return /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined;
}

export const revisionOf = (pod: V1Pod): string => pod.metadata?.labels?.[revisionLabel] ?? '';

export const claimName = (set: StatefulSet, template: V1PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata?.name ?? ''}-${podName(set, ordinal)}`;

/** The pod of an ordinal, made from the template of a revision. */
export function newPod(set: StatefulSet, template: V1PodTemplateSpec, revision: string, ordinal: number): V1Pod {
  const name = podName(set, ordinal);
  const labels = { ...identityLabels(set, ordinal), [revisionLabel]: revision };
  const pod = podFromTemplate(statefulSets, set, template, { name, labels });
  const spec = {
    ...(pod.spec ?? { containers: [] }),
    hostname: name,
    ...(set.spec?.serviceName && { subdomain: set.spec.serviceName }),
  };
  return withClaimVolumes(set, ordinal, { ...pod, spec });
}

export const identityLabels = (set: StatefulSet, ordinal: number): Record<string, string> => ({
  [podNameLabel]: podName(set, ordinal),
  [indexLabel]: String(ordinal),
});

/** Labels of its identity that the pod lacks: somebody removed them, or it was adopted. All else of a pod cannot be changed. */
export function repairedPod(set: StatefulSet, ordinal: number, pod: Pod): Pod | undefined {
  const wanted = identityLabels(set, ordinal);
  const { labels = {} } = pod.metadata;
  if (Object.entries(wanted).every(([name, value]) => labels[name] === value)) return undefined;
  return { ...pod, metadata: { ...pod.metadata, labels: { ...labels, ...wanted } } };
}

/** A claim of the set takes the place of a volume of the template with the same name. */
function withClaimVolumes(set: StatefulSet, ordinal: number, pod: V1Pod): V1Pod {
  const templates = set.spec?.volumeClaimTemplates ?? [];
  if (templates.length === 0 || !pod.spec) return pod;
  const volumes: V1Volume[] = templates.map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const names = new Set(volumes.map(({ name }) => name));
  const others = (pod.spec.volumes ?? []).filter(({ name }) => !names.has(name));
  return { ...pod, spec: { ...pod.spec, volumes: [...volumes, ...others] } };
}
