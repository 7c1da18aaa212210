/** Our types as the interface's messages. */

import {
  ImageSpec,
  NamespaceMode,
  NamespaceOption,
  type SecurityProfile,
  SecurityProfile_ProfileType,
} from '#proto/generated/cri/common.ts';
import * as cri from '#proto/generated/cri/container.ts';
import { AuthConfig } from '#proto/generated/cri/images.ts';
import { LinuxSandboxSecurityContext, PodSandboxConfig, Protocol } from '#proto/generated/cri/sandbox.ts';
import { withIdentityLabels } from '../identity-labels.ts';
import type {
  ContainerConfig,
  ContainerSecurity,
  ImageAuth,
  LinuxResources,
  Mount,
  SandboxConfig,
  SeccompProfile,
} from '../runtime.ts';
import { toInt64 } from './int64.ts';
import { toSignalNumber } from './signals.ts';

export function toSandboxConfig(config: SandboxConfig): PodSandboxConfig {
  return PodSandboxConfig.fromPartial({
    metadata: { ...config.pod },
    // The node's own namespace cannot be renamed.
    hostname: config.hostNetwork ? '' : config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns && {
      servers: [...config.dns.servers],
      searches: [...config.dns.searches],
      options: [...config.dns.options],
    },
    portMappings: config.portMappings.map((port) => ({ ...port, protocol: Protocol[port.protocol] })),
    labels: withIdentityLabels(config.labels, config.pod),
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      securityContext: toSandboxSecurity(config),
      sysctls: config.sysctls,
    },
  });
}

function toSandboxSecurity(config: SandboxConfig): LinuxSandboxSecurityContext {
  const { security } = config;
  return LinuxSandboxSecurityContext.fromPartial({
    namespaceOptions: toNamespaces(config),
    runAsUser: toInt64Value(security.runAsUser),
    runAsGroup: toInt64Value(security.runAsGroup),
    supplementalGroups: security.supplementalGroups.map(toInt64),
    privileged: config.privileged,
    seccomp: toSecurityProfile(security.seccomp),
  });
}

export function toContainerConfig(config: ContainerConfig, sandbox: SandboxConfig): cri.ContainerConfig {
  return cri.ContainerConfig.fromPartial({
    metadata: { name: config.name, attempt: config.attempt },
    image: toImageSpec(config.image),
    command: [...config.command],
    args: [...config.args],
    workingDir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value })),
    mounts: config.mounts.map(toMount),
    devices: config.devices.map((device) => ({ ...device })),
    labels: withIdentityLabels(config.labels, sandbox.pod, config.name),
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: { resources: toResources(config.resources), securityContext: toContainerSecurity(config.security) },
    stopSignal: config.stopSignal === undefined ? 0 : toSignalNumber(config.stopSignal),
  });
}

function toContainerSecurity(security: ContainerSecurity): cri.LinuxContainerSecurityContext {
  return cri.LinuxContainerSecurityContext.fromPartial({
    capabilities: {
      addCapabilities: [...security.capabilitiesAdd],
      dropCapabilities: [...security.capabilitiesDrop],
    },
    privileged: security.privileged,
    namespaceOptions: toNamespaces(security),
    runAsUser: toInt64Value(security.runAsUser),
    runAsGroup: toInt64Value(security.runAsGroup),
    runAsUsername: security.runAsUsername ?? '',
    readonlyRootfs: security.readOnlyRoot,
    supplementalGroups: security.supplementalGroups.map(toInt64),
    noNewPrivs: !security.allowPrivilegeEscalation,
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
    seccomp: toSecurityProfile(security.seccomp),
  });
}

const propagations = {
  private: cri.MountPropagation.PROPAGATION_PRIVATE,
  'host-to-container': cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: cri.MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

function toMount(mount: Mount): cri.Mount {
  return cri.Mount.fromPartial({
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readOnly,
    propagation: propagations[mount.propagation],
  });
}

export function toResources(resources: LinuxResources): cri.LinuxContainerResources {
  return cri.LinuxContainerResources.fromPartial({
    cpuPeriod: toInt64(resources.cpuPeriod),
    cpuQuota: toInt64(resources.cpuQuota),
    cpuShares: toInt64(resources.cpuShares),
    memoryLimitInBytes: toInt64(resources.memoryLimitBytes),
    oomScoreAdj: toInt64(resources.oomScoreAdj),
    unified: resources.oomKillsAll ? { 'memory.oom.group': '1' } : {},
  });
}

export const toImageSpec = (image: string): ImageSpec => ImageSpec.fromPartial({ image });

export const toAuth = (auth: ImageAuth): AuthConfig => AuthConfig.fromPartial({ ...auth });

const toInt64Value = (value: number | undefined): { value: string } | undefined =>
  value === undefined ? undefined : { value: toInt64(value) };

interface HostNamespaces {
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
}

function toNamespaces(from: HostNamespaces): NamespaceOption {
  const ownPid = from.shareProcessNamespace ? NamespaceMode.POD : NamespaceMode.CONTAINER;
  return NamespaceOption.fromPartial({
    network: from.hostNetwork ? NamespaceMode.NODE : NamespaceMode.POD,
    pid: from.hostPid ? NamespaceMode.NODE : ownPid,
    ipc: from.hostIpc ? NamespaceMode.NODE : NamespaceMode.POD,
  });
}

function toSecurityProfile(profile: SeccompProfile): SecurityProfile {
  const types = SecurityProfile_ProfileType;
  if (profile.type === 'localhost') return { profileType: types.Localhost, localhostRef: profile.path };
  return { profileType: profile.type === 'unconfined' ? types.Unconfined : types.RuntimeDefault, localhostRef: '' };
}
