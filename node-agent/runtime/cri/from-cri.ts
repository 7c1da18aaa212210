/** The interface's messages as our types. */
import * as cri from '#proto/generated/cri/container.ts';
import type * as images from '#proto/generated/cri/images.ts';
import type { StatusResponse } from '#proto/generated/cri/runtime.ts';
import {
  type PodSandbox,
  type PodSandboxMetadata,
  PodSandboxState,
  type PodSandboxStatus,
} from '#proto/generated/cri/sandbox.ts';
import type * as stats from '#proto/generated/cri/stats.ts';
import { RuntimeError } from '../errors.ts';
import { identityLabels } from '../identity-labels.ts';
import type {
  Container,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  FsUsage,
  Image,
  PodIdentity,
  RuntimeStatus,
  Sandbox,
} from '../runtime.ts';
import { fromInt64, nanosecondsToMs } from './int64.ts';

export function fromSandbox(sandbox: PodSandbox): Sandbox {
  return {
    id: sandbox.id,
    pod: fromMetadata(sandbox.metadata),
    ready: sandbox.state === PodSandboxState.SANDBOX_READY,
    createdAtMs: nanosecondsToMs(sandbox.createdAt),
    ips: [],
    labels: sandbox.labels,
    annotations: sandbox.annotations,
  };
}

export function fromSandboxStatus(status: PodSandboxStatus | undefined): Sandbox {
  if (!status) throw new RuntimeError('failed', 'PodSandboxStatus: the answer has no status');
  const ips = [status.network?.ip, ...(status.network?.additionalIps.map(({ ip }) => ip) ?? [])];
  return { ...fromSandbox(status), ips: ips.flatMap((ip) => (ip ? [ip] : [])) };
}

function fromMetadata(metadata: PodSandboxMetadata | undefined): PodIdentity {
  const { name = '', namespace = '', uid = '', attempt = 0 } = metadata ?? {};
  return { name, namespace, uid, attempt };
}

const states: ReadonlyMap<number, ContainerState> = new Map([
  [cri.ContainerState.CONTAINER_CREATED, 'created'],
  [cri.ContainerState.CONTAINER_RUNNING, 'running'],
  [cri.ContainerState.CONTAINER_EXITED, 'exited'],
]);

export function fromContainer(container: cri.Container): Container {
  return {
    id: container.id,
    sandboxId: container.podSandboxId,
    name: container.metadata?.name ?? '',
    attempt: container.metadata?.attempt ?? 0,
    image: container.image?.image ?? '',
    imageRef: container.imageRef,
    state: states.get(container.state) ?? 'unknown',
    createdAtMs: nanosecondsToMs(container.createdAt),
    labels: container.labels,
    annotations: container.annotations,
  };
}

/** The interface's ContainerStatus does not say which sandbox it is in, so the caller does. */
export function fromContainerStatus(status: cri.ContainerStatus, sandboxId: string): ContainerStatus {
  return {
    ...fromContainer({ ...status, podSandboxId: sandboxId }),
    startedAtMs: nanosecondsToMs(status.startedAt),
    finishedAtMs: nanosecondsToMs(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    logPath: status.logPath,
  };
}

export function fromStats(from: stats.ContainerStats): ContainerStats {
  const labels = from.attributes?.labels ?? {};
  return {
    containerId: from.attributes?.id ?? '',
    podUid: labels[identityLabels.podUid] ?? '',
    name: from.attributes?.metadata?.name ?? '',
    timestampMs: nanosecondsToMs(from.cpu?.timestamp ?? from.memory?.timestamp ?? '0'),
    cpuUsageNanoseconds: fromInt64(from.cpu?.usageCoreNanoSeconds?.value),
    memoryWorkingSetBytes: fromInt64(from.memory?.workingSetBytes?.value),
    writableLayerBytes: fromInt64(from.writableLayer?.usedBytes?.value),
  };
}

export function fromImage(image: images.Image): Image {
  return {
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    sizeBytes: fromInt64(image.size),
    uid: image.uid && fromInt64(image.uid.value),
    username: image.username === '' ? undefined : image.username,
    pinned: image.pinned,
  };
}

export const fromFilesystem = (usage: stats.FilesystemUsage | undefined): FsUsage => ({
  mountpoint: usage?.fsId?.mountpoint ?? '',
  usedBytes: fromInt64(usage?.usedBytes?.value),
  inodesUsed: fromInt64(usage?.inodesUsed?.value),
});

export function fromStatus(response: StatusResponse): RuntimeStatus {
  const conditions = response.status?.conditions ?? [];
  const ready = (type: string) => conditions.some((condition) => condition.type === type && condition.status);
  const complaints = conditions.filter(({ status }) => !status).map(({ reason, message }) => `${reason}: ${message}`);
  return {
    runtimeReady: ready('RuntimeReady'),
    networkReady: ready('NetworkReady'),
    message: complaints.join('; '),
  };
}
