import type { V1Container, V1Pod, V1Volume } from '#api/generated/types.ts';

/** `secrets/<name>`, `configmaps/<name>`, `persistentvolumeclaims/<name>`: what a pod names of its own namespace. */
export function referencesOf(pod: V1Pod): ReadonlySet<string> {
  const known = seen.get(pod);
  if (known) return known;
  const found = new Set(collect(pod));
  seen.set(pod, found);
  return found;
}

/** Objects in the watch cache are frozen: what one names never changes. */
const seen = new WeakMap<V1Pod, ReadonlySet<string>>();

function* collect({ metadata, spec }: V1Pod): Generator<string> {
  for (const { name } of spec?.imagePullSecrets ?? []) if (name) yield `secrets/${name}`;
  for (const volume of spec?.volumes ?? []) yield* ofVolume(volume, metadata?.name ?? '');
  const containers = [spec?.initContainers, spec?.containers, spec?.ephemeralContainers];
  for (const container of containers.flatMap((list) => list ?? [])) yield* ofContainer(container);
}

function* ofContainer({ env, envFrom }: Pick<V1Container, 'env' | 'envFrom'>): Generator<string> {
  for (const { valueFrom } of env ?? []) {
    if (valueFrom?.secretKeyRef?.name) yield `secrets/${valueFrom.secretKeyRef.name}`;
    if (valueFrom?.configMapKeyRef?.name) yield `configmaps/${valueFrom.configMapKeyRef.name}`;
  }
  for (const { secretRef, configMapRef } of envFrom ?? []) {
    if (secretRef?.name) yield `secrets/${secretRef.name}`;
    if (configMapRef?.name) yield `configmaps/${configMapRef.name}`;
  }
}

function* ofVolume(volume: V1Volume, podName: string): Generator<string> {
  if (volume.configMap?.name) yield `configmaps/${volume.configMap.name}`;
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    if (secret?.name) yield `secrets/${secret.name}`;
    if (configMap?.name) yield `configmaps/${configMap.name}`;
  }
  const claim = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${podName}-${volume.name}`);
  if (claim) yield `persistentvolumeclaims/${claim}`;
  const { secret, azureFile, cephfs, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = volume;
  const names = [
    secret?.secretName,
    azureFile?.secretName,
    csi?.nodePublishSecretRef?.name,
    ...[cephfs, flexVolume, iscsi, rbd, scaleIO, storageos].map((source) => source?.secretRef?.name),
  ];
  for (const name of names) if (name) yield `secrets/${name}`;
}
