import type { ResourceType } from '#api/resource-type.ts';
import { servedKinds } from './kinds.ts';
import { createBlocks, type NodeIpamSettings } from './nodeipam/blocks.ts';
import type { NodeLifecycleSettings } from './nodelifecycle/controller.ts';
import type { PodGcSettings } from './podgc/controller.ts';

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
  /** When given, nodes get their parts of the pod network. */
  readonly nodeIpam?: NodeIpamSettings | undefined;
}

export interface CompiledSettings {
  readonly kinds: () => readonly ResourceType[];
  readonly rootCa: string | undefined;
  readonly nodes: NodeLifecycleSettings;
  readonly podGc: PodGcSettings;
  readonly nodeIpam: NodeIpamSettings | undefined;
}

const defaultNodes: NodeLifecycleSettings = {
  graceMs: 40_000,
  startupGraceMs: 60_000,
  unhealthyShare: 0.55,
  largeZoneNodes: 50,
  evictionsPerSecond: 0.1,
  partialEvictionsPerSecond: 0.01,
};
const defaultPodGc: PodGcSettings = { finishedPodsMax: 12_500, periodMs: 20_000, missingNodeMs: 40_000 };

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
  };
}
