/** One background process of ours: what to run, and what whoever keeps it running must know. */
export interface BackgroundProcess {
  readonly name: ProcessName;
  /** For people: what it is there for. */
  readonly purpose: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** What should run before it, where that runs on this machine. */
  readonly after?: readonly ProcessName[];
  /** What it has started goes on when it ends: containers outlive containerd. */
  readonly childrenOutlive?: boolean;
  /** Run after each of its ends; for what outlives it and must not outlive the machine. Only where something tells of that end. */
  readonly afterStop?: readonly [string, ...string[]];
  /** Between SIGTERM and SIGKILL. @default 10 */
  readonly stopSeconds?: number;
  /** It writes to the disk, and all others wait for that. */
  readonly waitedForOnDisk?: boolean;
}

export const processNames = ['etcd', 'containerd', 'fence', 'server', 'agent'] as const;
export type ProcessName = (typeof processNames)[number];

export interface KeptState {
  /** Somebody starts it again when it ends. */
  readonly kept: boolean;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
}

/** A way to keep background processes running: our own supervisor, or the machine's systemd. */
export interface ProcessKeeper {
  readonly kind: 'supervisor' | 'systemd';
  /** Starts what does not run. Returns the names of what it started. Throws a HostError. */
  start(processes: readonly BackgroundProcess[]): ProcessName[];
  /** Ends it, so that it stays ended, and waits for that. Does nothing when it does not run. */
  stop(name: ProcessName): Promise<void>;
  states(names: readonly ProcessName[]): ReadonlyMap<ProcessName, KeptState>;
  /** Removes what `start` wrote outside of the cluster's own folders. Everything is stopped by then. */
  forget(): void;
}
