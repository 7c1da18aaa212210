import { type NodeSettings, nodeSettingsDefault } from './node/node-settings.ts';
import type { PodSettings } from './pods/context.ts';

/** What may be told of an agent; all optional. Times in milliseconds. */
export interface AgentSettings {
  /** @default the machine's own */
  readonly nodeAddresses?: readonly string[] | undefined;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  readonly nodeTaints?: NodeSettings['taints'] | undefined;
  /** @default 110 */
  readonly podsMax?: number | undefined;
  readonly reserved?: Partial<NodeSettings['reserved']> | undefined;
  /** Shown as the kubelet's version. */
  readonly version?: string | undefined;
  /** Where the agent's own server listens. @default 10250 */
  readonly agentPort?: number | undefined;
  /** @default 10 s */
  readonly nodeStatusCheckMs?: number | undefined;
  /** An unchanged status is written this often. @default 5 min */
  readonly nodeStatusReportMs?: number | undefined;
  /** Twice as long in clusters of more than 200 nodes. @default 1 s */
  readonly leaseRenewMs?: number | undefined;
  /** Without contact for so long, what must not run twice has stopped here; 0: no such promise. @default 6 */
  readonly fenceSeconds?: number | undefined;
  /** Servers of the cluster's DNS; none: pods use the node's resolver. */
  readonly clusterDns?: readonly string[] | undefined;
  /** @default cluster.local */
  readonly clusterDomain?: string | undefined;
  /** Where seccomp profiles of type Localhost lie. @default /var/lib/berth/agent/seccomp */
  readonly seccompFolder?: string | undefined;
  /** A deleted pod is stopped only when no live node sends to it any more. Needs the service proxy's acknowledgements. @default false */
  readonly withdrawal?: boolean | undefined;
  /** No pod waits longer for that. @default 10 s */
  readonly withdrawalWaitMs?: number | undefined;
  /** Between the last acknowledgement and SIGTERM. @default 500 ms */
  readonly withdrawalSettleMs?: number | undefined;
  /** When the machine goes down, its pods have so long to end, all together. @default 20 s */
  readonly shutdownGraceMs?: number | undefined;
  /** @default 8 */
  readonly sandboxesAtOnce?: number | undefined;
  /** The runtime is listed anew this often, should an event have been lost. @default 30 s */
  readonly relistMs?: number | undefined;
}

export interface CompiledAgentSettings {
  readonly node: NodeSettings;
  readonly pods: PodSettings;
  readonly sandboxesAtOnce: number;
  readonly relistMs: number;
  readonly shutdownGraceMs: number;
}

/** Throws a TypeError for settings that cannot work. */
export function compileAgentSettings(nodeName: string, settings: AgentSettings = {}): CompiledAgentSettings {
  const base = nodeSettingsDefault;
  const leaseRenewMs = settings.leaseRenewMs ?? base.leaseRenewMs;
  const fenceSeconds = settings.fenceSeconds ?? base.fenceSeconds;
  if (!Number.isInteger(fenceSeconds) || fenceSeconds < 0)
    throw new TypeError(`fenceSeconds must be a whole number of seconds, 0 or more, not ${fenceSeconds}`);
  if (fenceSeconds > 0 && leaseRenewMs * 3 > fenceSeconds * 1000)
    throw new TypeError(`leaseRenewMs (${leaseRenewMs}) must be at most a third of fenceSeconds (${fenceSeconds})`);
  const sandboxesAtOnce = settings.sandboxesAtOnce ?? 8;
  if (!(sandboxesAtOnce >= 1)) throw new TypeError(`sandboxesAtOnce must be at least 1, not ${sandboxesAtOnce}`);
  return {
    node: {
      name: nodeName,
      addresses: settings.nodeAddresses ?? base.addresses,
      labels: settings.nodeLabels ?? base.labels,
      taints: settings.nodeTaints ?? base.taints,
      podsMax: settings.podsMax ?? base.podsMax,
      reserved: { ...base.reserved, ...settings.reserved },
      version: settings.version ?? base.version,
      agentPort: settings.agentPort ?? base.agentPort,
      statusCheckMs: settings.nodeStatusCheckMs ?? base.statusCheckMs,
      statusReportMs: settings.nodeStatusReportMs ?? base.statusReportMs,
      leaseRenewMs,
      fenceSeconds,
    },
    pods: {
      clusterDns: settings.clusterDns ?? [],
      clusterDomain: settings.clusterDomain ?? 'cluster.local',
      seccompFolder: settings.seccompFolder ?? '/var/lib/berth/agent/seccomp',
      callTimeoutMs: 120_000,
      withdrawal: {
        waitMaxMs: settings.withdrawal ? (settings.withdrawalWaitMs ?? 10_000) : 0,
        settleMs: settings.withdrawalSettleMs ?? 500,
      },
    },
    sandboxesAtOnce,
    relistMs: settings.relistMs ?? 30_000,
    shutdownGraceMs: settings.shutdownGraceMs ?? 20_000,
  };
}
