import type {
  V1Container,
  V1DownwardAPIVolumeFile,
  V1ObjectFieldSelector,
  V1Pod,
  V1PodSpec,
  V1Probe,
  V1ResourceRequirements,
  V1Volume,
} from '../generated/types.ts';

/** Whether an image name asks for what is newest: no tag, or `latest`, and no digest. */
export function isLatestImage(image: string): boolean {
  if (image.includes('@')) return false;
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 || last.slice(colon + 1) === 'latest';
}

const pullPolicyOf = (image: string | undefined): string => (isLatestImage(image ?? '') ? 'Always' : 'IfNotPresent');

/** What a pod spec gets wherever it stands: in a pod or in a template. */
export function defaultPodSpec(spec: V1PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  defaultServiceAccountNames(spec);
  spec.volumes?.forEach(defaultVolume);
  for (const container of containersOf(spec)) defaultContainer(container);
  for (const constraint of spec.topologySpreadConstraints ?? []) {
    constraint.maxSkew ??= 1;
  }
}

/** `serviceAccount` is the old name of `serviceAccountName`; clients read either. */
function defaultServiceAccountNames(spec: V1PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

const containersOf = (spec: V1PodSpec): V1Container[] => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

function defaultContainer(container: V1Container): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) defaultFieldRef(variable.valueFrom?.fieldRef);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet) defaultHttpGet(handler.httpGet);
  }
  const context = container.securityContext;
  if (context?.procMount === '') context.procMount = undefined;
}

function defaultProbe(probe: V1Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(action: { path?: string | undefined; scheme?: string | undefined }): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

function defaultFieldRef(ref: V1ObjectFieldSelector | undefined): void {
  if (ref) ref.apiVersion ||= 'v1';
}

const fileModeDefault = 0o644;

function defaultVolume(volume: V1Volume): void {
  const { name: _, ...sources } = volume;
  if (Object.values(sources).every((source) => source === undefined)) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= fileModeDefault;
  if (volume.configMap) volume.configMap.defaultMode ??= fileModeDefault;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileModeDefault;
    defaultFiles(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileModeDefault;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
      defaultFiles(source.downwardAPI?.items);
    }
  }
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference);
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.rbd) {
    volume.rbd.pool ||= 'rbd';
    volume.rbd.user ||= 'admin';
    volume.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (volume.azureDisk) {
    volume.azureDisk.cachingMode ??= 'ReadWrite';
    volume.azureDisk.kind ??= 'Shared';
    volume.azureDisk.fsType ??= 'ext4';
    volume.azureDisk.readOnly ??= false;
  }
  if (volume.scaleIO) {
    volume.scaleIO.storageMode ||= 'ThinProvisioned';
    volume.scaleIO.fsType ||= 'xfs';
  }
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim?.spec) claim.spec.volumeMode ??= 'Filesystem';
}

function defaultFiles(files: readonly V1DownwardAPIVolumeFile[] | undefined): void {
  for (const file of files ?? []) {
    defaultFieldRef(file.fieldRef);
    if (file.resourceFieldRef) file.resourceFieldRef.divisor ??= '0';
  }
}

/** Requests that are not given are as high as the limits. */
function defaultRequests(resources: V1ResourceRequirements | undefined): void {
  if (!resources?.limits) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

/** What only a pod gets, not a template. */
export function defaultPod(pod: V1Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  defaultPodSpec(spec);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    defaultRequests(container.resources);
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  defaultRequests(spec.resources);
  spec.enableServiceLinks ??= true;
}
