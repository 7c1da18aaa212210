import { isIPv6 } from 'node:net';
import type { V1ContainerImage, V1Node, V1NodeCondition, V1NodeStatus } from '#api/generated/types.ts';
import type { MachineFacts, MachineUsage } from '../pods/host.ts';
import type { Image, RuntimeVersion } from '../runtime/runtime.ts';
import type { NodeSettings } from './node-settings.ts';

/** What the node is like at one moment. */
export interface NodeReading {
  readonly facts: MachineFacts;
  readonly usage: MachineUsage;
  readonly runtime: RuntimeVersion | undefined;
  /** Why pods cannot run here, in the runtime's words; undefined when they can. */
  readonly notReady: string | undefined;
  readonly images: readonly Image[];
  readonly nowMs: number;
}

/** The labels that the agent keeps on its node, whatever else others put there. */
export function nodeLabels(settings: NodeSettings, facts: MachineFacts): Record<string, string> {
  return {
    ...settings.labels,
    'kubernetes.io/hostname': settings.name,
    'kubernetes.io/os': facts.operatingSystem,
    'kubernetes.io/arch': facts.architecture,
    'beta.kubernetes.io/os': facts.operatingSystem,
    'beta.kubernetes.io/arch': facts.architecture,
  };
}

/** A node that is not there yet. */
export function newNode(settings: NodeSettings, reading: NodeReading): V1Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: settings.name, labels: nodeLabels(settings, reading.facts) },
    spec: {
      ...(settings.taints.length > 0 && { taints: settings.taints.map((taint) => ({ ...taint })) }),
    },
    status: nodeStatus(settings, reading, undefined),
  };
}

/** The whole status as the agent sees it; what others keep in it stays. */
export function nodeStatus(
  settings: NodeSettings,
  reading: NodeReading,
  before: V1NodeStatus | undefined,
): V1NodeStatus {
  const { facts } = reading;
  const own = nodeConditions(reading, before?.conditions ?? []);
  const others = (before?.conditions ?? []).filter(({ type }) => !own.some((condition) => condition.type === type));
  const capacity = capacityOf(settings, facts);
  return {
    ...before,
    addresses: addressesOf(settings, facts),
    capacity,
    allocatable: allocatableOf(settings, facts),
    conditions: [...others, ...own],
    daemonEndpoints: { kubeletEndpoint: { Port: settings.agentPort } },
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: reading.runtime
        ? `${reading.runtime.name}://${reading.runtime.version}`
        : (before?.nodeInfo?.containerRuntimeVersion ?? ''),
      kubeletVersion: settings.version,
      kubeProxyVersion: '',
      operatingSystem: facts.operatingSystem,
      architecture: facts.architecture,
      ...(facts.swapBytes > 0 && { swap: { capacity: facts.swapBytes } }),
    },
    images: imagesOf(reading.images),
  };
}

export function addressesOf(settings: NodeSettings, facts: MachineFacts): { type: string; address: string }[] {
  const ips = settings.addresses.length > 0 ? settings.addresses : facts.addresses;
  // One of each family at most, IPv4 first: what pods' hostIPs and clients expect.
  const chosen = [ips.find((ip) => !isIPv6(ip)), ips.find((ip) => isIPv6(ip))].filter((ip) => ip !== undefined);
  return [...chosen.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: settings.name }];
}

const kibi = 1024;

function capacityOf(settings: NodeSettings, facts: MachineFacts): Record<string, string> {
  return {
    cpu: cpuText(facts.cpuMilli),
    memory: `${Math.floor(facts.memoryBytes / kibi)}Ki`,
    'ephemeral-storage': `${Math.floor(facts.ephemeralStorageBytes / kibi)}Ki`,
    pods: String(settings.podsMax),
    ...hugepagesText(facts),
  };
}

/** Capacity less what the machine's own programs need. */
export function allocatableOf(settings: NodeSettings, facts: MachineFacts): Record<string, string> {
  const { cpuMilli, memoryBytes, storageRatio } = settings.reserved;
  const hugepages = Object.values(facts.hugepages).reduce((sum, bytes) => sum + bytes, 0);
  const memory = Math.max(0, facts.memoryBytes - memoryBytes - hugepages);
  return {
    cpu: cpuText(Math.max(0, facts.cpuMilli - cpuMilli)),
    memory: `${Math.floor(memory / kibi)}Ki`,
    'ephemeral-storage': String(Math.floor(facts.ephemeralStorageBytes * (1 - storageRatio))),
    pods: String(settings.podsMax),
    ...hugepagesText(facts),
  };
}

const cpuText = (milli: number): string => (milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`);

const hugepagesText = ({ hugepages }: MachineFacts): Record<string, string> =>
  Object.fromEntries(
    Object.entries(hugepages).map(([name, bytes]) => [name, bytes === 0 ? '0' : `${Math.floor(bytes / kibi)}Ki`]),
  );

const mebi = 1024 ** 2;
/** The kubelet's own threshold. */
const memoryAvailableMin = 100 * mebi;
const diskAvailableRatioMin = 0.05;
const inodesFreeRatioMin = 0.05;
const pidsUsedRatioMax = 0.95;

function nodeConditions(reading: NodeReading, before: readonly V1NodeCondition[]): V1NodeCondition[] {
  const { usage, facts, notReady } = reading;
  const memoryLow = usage.memoryAvailableBytes < memoryAvailableMin;
  const diskLow =
    usage.diskAvailableBytes < usage.diskTotalBytes * diskAvailableRatioMin ||
    usage.inodesFree < usage.inodesTotal * inodesFreeRatioMin;
  const pidsLow = usage.pids > facts.pidsMax * pidsUsedRatioMax;
  const make = (type: string, status: boolean, reason: string, message: string): V1NodeCondition => {
    const old = before.find((condition) => condition.type === type);
    const word = status ? 'True' : 'False';
    const now = new Date(reading.nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const since = old?.status === word ? old.lastTransitionTime : undefined;
    return { type, status: word, lastHeartbeatTime: now, lastTransitionTime: since ?? now, reason, message };
  };
  return [
    memoryLow
      ? make('MemoryPressure', true, 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : make('MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    diskLow
      ? make('DiskPressure', true, 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : make('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pidsLow
      ? make('PIDPressure', true, 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : make('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    notReady === undefined
      ? make('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
      : make('Ready', false, 'KubeletNotReady', notReady),
  ];
}

/** The kubelet reports no more, so that the object stays small. */
const imagesMax = 50;
const namesMax = 5;

function imagesOf(images: readonly Image[]): V1ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .slice(0, imagesMax)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({
      names: [...repoDigests, ...repoTags].slice(0, namesMax),
      sizeBytes,
    }));
}
