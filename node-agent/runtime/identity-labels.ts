import type { PodIdentity } from './runtime.ts';

/** Tools such as crictl, and our own statistics, find a container's pod by these labels. */
export const identityLabels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

/** `labels` with the identity labels filled in where the caller gave none. */
export function withIdentityLabels(
  labels: Readonly<Record<string, string>>,
  pod: PodIdentity,
  containerName?: string,
): Record<string, string> {
  return {
    [identityLabels.podName]: pod.name,
    [identityLabels.podNamespace]: pod.namespace,
    [identityLabels.podUid]: pod.uid,
    ...(containerName === undefined ? {} : { [identityLabels.containerName]: containerName }),
    ...labels,
  };
}
