import type { V1Container, V1Pod } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { antiTermsOf, preferredTermsOf, spreadOf, termsOf } from './pod-terms.ts';
import { podRequests, podScoreRequests } from './resources.ts';
import type { HostPort, PodInfo } from './types.ts';

/** Works out what scheduling needs of a pod. Throws a QuantityError for amounts that no server would have accepted. */
export function createPodInfo(pod: Stored<V1Pod>): PodInfo {
  const spec = pod.spec ?? { containers: [] };
  const affinity = spec.affinity;
  return {
    pod,
    uid: pod.metadata.uid,
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    labels: pod.metadata.labels ?? {},
    nodeName: spec.nodeName || undefined,
    priority: spec.priority ?? 0,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    requests: podRequests(spec),
    scoreRequests: podScoreRequests(spec),
    hostPorts: hostPortsOf([...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]),
    nodeSelector: spec.nodeSelector,
    requiredNodes: affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution,
    preferredNodes: affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
    tolerations: spec.tolerations ?? [],
    affinity: termsOf(pod),
    antiAffinity: antiTermsOf(pod),
    preferredPods: preferredTermsOf(pod),
    spread: spreadOf(pod),
    group: groupOf(pod),
    claims: claimsOf(pod),
    images: spec.containers.flatMap((container) => (container.image ? [container.image] : [])),
  };
}

/** Its containers have ended for good, or never will run: it takes nothing from its node any more. */
export const isTerminal = (pod: V1Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

const isSidecar = (container: V1Container): boolean => container.restartPolicy === 'Always';

/** An ephemeral volume has a claim of its own, named by the pod and the volume. */
const claimsOf = ({ metadata, spec }: Stored<V1Pod>): readonly string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });

function hostPortsOf(containers: readonly V1Container[]): HostPort[] {
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP' }] : [],
    ),
  );
}

function groupOf(pod: Stored<V1Pod>): string {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner) return owner.uid;
  const labels = Object.entries(pod.metadata.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  // Bare pods that look alike belong together; those without labels do not.
  return labels.length > 0 ? JSON.stringify([pod.metadata.namespace, labels]) : pod.metadata.uid;
}
