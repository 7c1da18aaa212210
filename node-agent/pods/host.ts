import type { SetUpVolume, VolumePlan } from '../volumes/plan.ts';
import type { QosClass } from './resources.ts';

/**
 * Everything of a pod that touches the machine besides the container runtime: folders, volumes, cgroups, log files.
 * Implementations: Linux (host-linux/), hollow (hollow-host.ts). Every method may be repeated; removing what is gone
 * succeeds.
 */
export interface PodHost {
  /** Where the pod's container logs go: the sandbox's log directory. Pure. */
  logDirectory(pod: PodPlace): string;
  /** Where the file lies that a container sees as its termination message. Pure. */
  terminationLog(pod: PodPlace, container: string, attempt: number): string;
  /** The pod's cgroup as the runtime is told it. Pure. */
  cgroupParent(pod: PodPlace): string;
  /** Makes folders and the pod's cgroup. */
  preparePod(pod: PodPlace, limits: PodCgroupLimits): Promise<void>;
  /** Makes one volume what its plan says, or brings its files up to date. Rejects with a VolumeError. */
  setUpVolume(pod: PodPlace, plan: VolumePlan): Promise<SetUpVolume>;
  /** A path inside a volume for a subPath mount, made if it is missing, pinned so that no later link can lead out of it. */
  resolveSubPath(pod: PodPlace, mount: SubPathMount): Promise<string>;
  /** Writes the pod's hosts file and returns its path. */
  writeHostsFile(pod: PodPlace, text: string): Promise<string>;
  /** Makes the empty file at a `terminationLog` path. */
  createTerminationLog(path: string): Promise<void>;
  /** Up to `bytesMax` bytes from the end of a file, as text; empty when there is none. */
  readTail(path: string, bytesMax: number): Promise<string>;
  /** Removes what a container left that the runtime does not remove: its log, rotated parts included, and its last words. */
  removeContainerFiles(place: PodPlace, paths: readonly string[]): Promise<void>;
  /** Unmounts the pod's volumes and removes its cgroup; its folders and logs stay. */
  releasePod(pod: PodPlace): Promise<void>;
  /** What releasePod does, and removes folders and logs. */
  removePod(pod: PodPlace): Promise<void>;
  /** Pods that left anything on the machine. */
  listPods(): Promise<readonly PodPlace[]>;
}

/** What names a pod on the machine. `name` and `namespace` are empty where only its folder is known. */
export interface PodPlace {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly qos: QosClass;
}

export interface PodCgroupLimits {
  readonly cpuShares: number;
  /** Microseconds per period of 100 ms; 0 is no limit. */
  readonly cpuQuotaUs: number;
  /** Bytes; 0 is no limit. */
  readonly memoryLimitBytes: number;
}

export interface SubPathMount {
  readonly container: string;
  /** Which mount of the container, for a name of its own. */
  readonly index: number;
  readonly volumePath: string;
  readonly subPath: string;
  readonly readOnly: boolean;
}

/** The machine as a node. Implementations: Linux, hollow. */
export interface NodeHost {
  facts(): Promise<MachineFacts>;
  usage(): Promise<MachineUsage>;
  /** The machine's own resolver configuration, the text of resolv.conf. */
  resolvConf(): Promise<string>;
}

/** What does not change while the agent runs. */
export interface MachineFacts {
  readonly hostname: string;
  /** The kernel's names: `x64` is `amd64` here. */
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  /** Thousandths of a core, with the limits of the cgroup that the machine's own init runs in. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** `hugepages-2Mi` → bytes. */
  readonly hugepages: Readonly<Record<string, number>>;
  readonly ephemeralStorageBytes: number;
  readonly pidsMax: number;
  /** cgroup v2: one tree for all controllers. */
  readonly unifiedCgroups: boolean;
  readonly addresses: readonly string[];
}

export interface MachineUsage {
  readonly memoryAvailableBytes: number;
  readonly diskAvailableBytes: number;
  readonly diskTotalBytes: number;
  readonly inodesFree: number;
  readonly inodesTotal: number;
  readonly pids: number;
}
