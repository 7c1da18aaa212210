import type { V1Container, V1SeccompProfile } from '#api/generated/types.ts';
import type { ContainerSecurity, SandboxSecurity, SeccompProfile } from '../runtime/runtime.ts';
import { ContainerConfigError } from './errors.ts';
import type { ImageUser } from './memory.ts';
import { type ApiPod, podText, specOf } from './pod-model.ts';

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** `seccompFolder` is where profiles of type Localhost lie. */
export function seccompOf(profile: V1SeccompProfile | undefined, seccompFolder: string): SeccompProfile {
  if (profile?.type === 'RuntimeDefault') return { type: 'runtime-default' };
  if (profile?.type === 'Localhost')
    return { type: 'localhost', path: `${seccompFolder}/${profile.localhostProfile ?? ''}` };
  return { type: 'unconfined' };
}

export function sandboxSecurity(pod: ApiPod, seccompFolder: string): SandboxSecurity {
  const context = specOf(pod).securityContext;
  return {
    runAsUser: context?.runAsUser,
    runAsGroup: context?.runAsGroup,
    supplementalGroups: groupsOf(pod),
    seccomp: seccompOf(context?.seccompProfile, seccompFolder),
  };
}

function groupsOf(pod: ApiPod): readonly number[] {
  const context = specOf(pod).securityContext;
  const groups = [...(context?.supplementalGroups ?? [])];
  if (context?.fsGroup !== undefined) groups.push(context.fsGroup);
  return groups;
}

/** Throws a ContainerConfigError when the container must not run as root and would, or might. */
export function containerSecurity(
  pod: ApiPod,
  container: V1Container,
  image: ImageUser,
  seccompFolder: string,
): ContainerSecurity {
  const spec = specOf(pod);
  const ofPod = spec.securityContext;
  const own = container.securityContext;
  const privileged = own?.privileged === true;
  const runAsUser = own?.runAsUser ?? ofPod?.runAsUser;
  checkNonRoot(pod, container, runAsUser, image);
  const unmasked = privileged || own?.procMount === 'Unmasked';
  const named = runAsUser === undefined && image.uid === undefined && Boolean(image.username);
  return {
    privileged,
    readOnlyRoot: own?.readOnlyRootFilesystem === true,
    runAsUser: runAsUser ?? (named ? undefined : image.uid),
    runAsUsername: named ? image.username : undefined,
    runAsGroup: own?.runAsGroup ?? ofPod?.runAsGroup,
    supplementalGroups: groupsOf(pod),
    capabilitiesAdd: own?.capabilities?.add ?? [],
    capabilitiesDrop: own?.capabilities?.drop ?? [],
    allowPrivilegeEscalation: privileged || own?.allowPrivilegeEscalation !== false,
    seccomp: privileged
      ? { type: 'unconfined' }
      : seccompOf(own?.seccompProfile ?? ofPod?.seccompProfile, seccompFolder),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    hostNetwork: spec.hostNetwork === true,
    hostPid: spec.hostPID === true,
    hostIpc: spec.hostIPC === true,
    shareProcessNamespace: spec.shareProcessNamespace === true,
  };
}

function checkNonRoot(pod: ApiPod, container: V1Container, runAsUser: number | undefined, image: ImageUser): void {
  const nonRoot = container.securityContext?.runAsNonRoot ?? specOf(pod).securityContext?.runAsNonRoot;
  if (nonRoot !== true) return;
  const where = `(pod: ${JSON.stringify(podText(pod))}, container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid !== undefined ? image.uid === 0 : !image.username)
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  if (image.uid === undefined)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
}
