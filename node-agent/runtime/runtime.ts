/**
 * The seam to the machine's container runtime. Implementations: CRI over gRPC (cri/), hollow (hollow/).
 * Stop and remove of what is gone succeed. Every method rejects with a RuntimeError (errors.ts).
 */
export interface ContainerRuntime extends SandboxRuntime, ImageRuntime {
  version(signal?: AbortSignal): Promise<RuntimeVersion>;
  status(signal?: AbortSignal): Promise<RuntimeStatus>;
  /** Container starts and exits as they happen; ends when the connection does (then list and subscribe again). */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  close(): Promise<void>;
}

export interface SandboxRuntime {
  runSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string>;
  stopSandbox(sandboxId: string, signal?: AbortSignal): Promise<void>;
  removeSandbox(sandboxId: string, signal?: AbortSignal): Promise<void>;
  listSandboxes(signal?: AbortSignal): Promise<readonly Sandbox[]>;
  sandboxStatus(sandboxId: string, signal?: AbortSignal): Promise<Sandbox>;
  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
    signal?: AbortSignal,
  ): Promise<string>;
  startContainer(containerId: string, signal?: AbortSignal): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after the grace period. Resolves when it has stopped. */
  stopContainer(containerId: string, gracePeriodSeconds: number, signal?: AbortSignal): Promise<void>;
  removeContainer(containerId: string, signal?: AbortSignal): Promise<void>;
  listContainers(signal?: AbortSignal): Promise<readonly Container[]>;
  containerStatus(containerId: string, signal?: AbortSignal): Promise<ContainerStatus>;
  updateContainerResources(containerId: string, resources: LinuxResources, signal?: AbortSignal): Promise<void>;
  /** The runtime opens the container's log file again, after it was renamed. */
  reopenLog(containerId: string, signal?: AbortSignal): Promise<void>;
  /** Runs to its end; output is cut at 16 MiB each. Used by probes and hooks. */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutSeconds: number,
    signal?: AbortSignal,
  ): Promise<ExecResult>;
  /** URL of the runtime's streaming server for one exec, attach or port-forward session (SPDY or WebSocket). */
  execUrl(request: StreamRequest & { readonly command: readonly string[] }): Promise<string>;
  attachUrl(request: StreamRequest): Promise<string>;
  portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string>;
  containerStats(signal?: AbortSignal): Promise<readonly ContainerStats[]>;
}

export interface ImageRuntime {
  /** Undefined when the image is not on this machine. */
  imageStatus(image: string, signal?: AbortSignal): Promise<Image | undefined>;
  /** Returns the image's reference by digest. */
  pullImage(image: string, auth: ImageAuth | undefined, signal?: AbortSignal): Promise<string>;
  listImages(signal?: AbortSignal): Promise<readonly Image[]>;
  removeImage(image: string, signal?: AbortSignal): Promise<void>;
  imageFsUsage(signal?: AbortSignal): Promise<FsUsage>;
}

export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
}

export interface RuntimeStatus {
  readonly runtimeReady: boolean;
  readonly networkReady: boolean;
  /** Why not, in the runtime's words. */
  readonly message: string;
}

export interface RuntimeEvent {
  readonly kind: 'created' | 'started' | 'stopped' | 'deleted';
  readonly containerId: string;
  readonly podUid: string;
}

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Counts the sandboxes of one pod, from 0. */
  readonly attempt: number;
}

export interface SandboxConfig {
  readonly pod: PodIdentity;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns:
    | { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
    | undefined;
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
  readonly privileged: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SandboxSecurity;
  readonly runtimeHandler: string;
}

export interface SandboxSecurity {
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly seccomp: SeccompProfile;
}

export type SeccompProfile =
  | { readonly type: 'runtime-default' | 'unconfined' }
  | { readonly type: 'localhost'; readonly path: string };

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface Sandbox {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly ready: boolean;
  readonly createdAtMs: number;
  /** All of the pod's addresses; filled by sandboxStatus only, empty for host network. */
  readonly ips: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  readonly name: string;
  /** Counts the containers of one name in one pod, from 0. */
  readonly attempt: number;
  /** As imageStatus resolved it (an id or a digest reference). */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly permissions: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: ContainerSecurity;
  readonly stopSignal?: string | undefined;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'host-to-container' | 'bidirectional';
}

export interface LinuxResources {
  readonly cpuShares: number;
  /** Microseconds per period; 0 is no limit. */
  readonly cpuQuota: number;
  readonly cpuPeriod: number;
  /** Bytes; 0 is no limit. */
  readonly memoryLimitBytes: number;
  readonly oomScoreAdj: number;
  /** Out of memory, the kernel ends all processes of the container instead of the largest one. Takes cgroup v2. @default false */
  readonly oomKillsAll?: boolean | undefined;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  readonly runAsUser?: number | undefined;
  readonly runAsUsername?: string | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly capabilitiesAdd: readonly string[];
  readonly capabilitiesDrop: readonly string[];
  readonly allowPrivilegeEscalation: boolean;
  readonly seccomp: SeccompProfile;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Container {
  /** 0 when it has not started or not finished. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, or the runtime's own. */
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface StreamRequest {
  readonly containerId: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ContainerStats {
  readonly containerId: string;
  readonly podUid: string;
  readonly name: string;
  readonly timestampMs: number;
  readonly cpuUsageNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
  readonly writableLayerBytes: number;
}

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The user the image asks for: a number, a name, or neither. */
  readonly uid?: number | undefined;
  readonly username?: string | undefined;
  readonly pinned: boolean;
}

export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface FsUsage {
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}
