/** How a node presents itself. Times in milliseconds. */
export interface NodeSettings {
  readonly name: string;
  /** Empty: the machine's own. */
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly podsMax: number;
  readonly reserved: { readonly cpuMilli: number; readonly memoryBytes: number; readonly storageRatio: number };
  /** `v1.36.0+berth…`. */
  readonly version: string;
  readonly agentPort: number;
  readonly statusCheckMs: number;
  readonly statusReportMs: number;
  readonly leaseRenewMs: number;
  /** What the lease promises: without contact for so long, what must not run twice has stopped. 0: nothing. */
  readonly fenceSeconds: number;
}

const mebi = 1024 ** 2;

export const nodeSettingsDefault: Omit<NodeSettings, 'name'> = {
  addresses: [],
  labels: {},
  taints: [],
  podsMax: 110,
  reserved: { cpuMilli: 100, memoryBytes: 256 * mebi, storageRatio: 0.05 },
  version: 'v1.36.0+berth0.1.0',
  agentPort: 10_250,
  statusCheckMs: 10_000,
  statusReportMs: 300_000,
  leaseRenewMs: 1_000,
  fenceSeconds: 6,
};
