import type { ClusterConfig } from '#api/cluster-config.ts';
import { fenceMarginMs } from '#api/fence.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { SigningSettings } from './certificates/controllers.ts';
import { servedKinds } from './kinds.ts';
import { createBlocks, type NodeIpamSettings } from './nodeipam/blocks.ts';
import type { NodeLifecycleSettings } from './nodelifecycle/controller.ts';
import type { PodGcSettings } from './podgc/controller.ts';
import type { ReservedPort } from './service-lb/plan.ts';

/** What an operator may choose; everything has the default of Kubernetes. */
export interface ControllerSettings {
  /**
   * The kinds that namespaces hold and that owners may own: those the server can list, watch and delete. The garbage collector
   * follows those that are there when it starts, the namespace controller asks each time. Default: all built-in ones.
   */
  readonly kinds?: (() => readonly ResourceType[]) | undefined;
  /** PEM; when given, every namespace gets it as the configmap kube-root-ca.crt. */
  readonly rootCa?: string | undefined;
  readonly nodes?: Partial<NodeLifecycleSettings> | undefined;
  readonly podGc?: Partial<PodGcSettings> | undefined;
  /** When given, certificate signing requests are decided on and signed. */
  readonly signing?: SigningSettings | undefined;
  /** When given, nodes get their parts of the pod network. */
  readonly nodeIpam?: NodeIpamSettings | undefined;
  /** Ports of the nodes that no load balancer of a service may take. */
  readonly reservedPorts?: readonly ReservedPort[] | undefined;
}

export interface CompiledSettings {
  readonly kinds: () => readonly ResourceType[];
  readonly rootCa: string | undefined;
  readonly nodes: NodeLifecycleSettings;
  readonly podGc: PodGcSettings;
  readonly nodeIpam: NodeIpamSettings | undefined;
  readonly reservedPorts: readonly ReservedPort[];
  readonly signing: SigningSettings | undefined;
}

const defaultNodes: NodeLifecycleSettings = {
  graceMs: 4_000,
  startupGraceMs: 60_000,
  unhealthyShare: 0.55,
  largeZoneNodes: 50,
  evictionsPerSecond: 1,
  evictionBurst: 5,
  partialEvictionsPerSecond: 0.01,
};
const defaultPodGc: PodGcSettings = { finishedPodsMax: 12_500, periodMs: 20_000, missingNodeMs: 40_000 };

/** Whoever loses these to a service has lost the way to mend it. */
export const defaultReservedPorts: readonly ReservedPort[] = [
  { port: 22, why: 'where people log in' },
  { port: 6443, why: "the API server's" },
  { port: 10_250, why: "the nodes' agents'" },
];

/** What the cluster has chosen about machines that die (docs/decisions/0016). */
export function lostNodeSettings({
  detectSeconds,
  fenceSeconds,
}: Pick<ClusterConfig, 'detectSeconds' | 'fenceSeconds'>): Pick<ControllerSettings, 'nodes' | 'podGc'> {
  const fencedMs = fenceSeconds * 1000 + fenceMarginMs;
  return {
    nodes: { graceMs: detectSeconds * 1000 },
    // A server that has just started may know nothing of what the node's last lease has promised.
    podGc: { missingNodeMs: Math.max(defaultPodGc.missingNodeMs, fencedMs) },
  };
}

/** Throws a TypeError that names what makes no sense. */
export function compileSettings(settings: ControllerSettings = {}): CompiledSettings {
  const nodes = { ...defaultNodes, ...settings.nodes };
  const podGc = { ...defaultPodGc, ...settings.podGc };
  for (const [name, value] of Object.entries({ ...nodes, ...podGc })) {
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name} must be a number, 0 or more, not ${value}`);
  }
  if (podGc.periodMs === 0) throw new TypeError('podGc.periodMs must be more than 0');
  if (nodes.unhealthyShare > 1) throw new TypeError('nodes.unhealthyShare is a share of 1');
  if (settings.nodeIpam) createBlocks(settings.nodeIpam); // Throws for what cannot be.
  return {
    kinds: settings.kinds ?? (() => servedKinds),
    rootCa: settings.rootCa,
    nodes,
    podGc,
    nodeIpam: settings.nodeIpam,
    reservedPorts: settings.reservedPorts ?? defaultReservedPorts,
    signing: settings.signing,
  };
}
