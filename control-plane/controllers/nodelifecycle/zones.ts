import type { V1Node } from '#api/generated/types.ts';

/** How much of a zone is lost: when most of it goes at once, the network is a likelier cause than the machines. */
export type ZoneState = 'normal' | 'partial' | 'full';

export interface ZoneSettings {
  /** From this share of nodes on (and more than two of them), a zone is partially disrupted. */
  readonly unhealthyShare: number;
  /** Zones up to this size get no evictions at all while partially disrupted. */
  readonly largeZoneNodes: number;
  /** Nodes per second that lose their pods, once the burst is used up. */
  readonly evictionsPerSecond: number;
  /** So many nodes of a zone need not wait for each other. */
  readonly evictionBurst: number;
  readonly partialEvictionsPerSecond: number;
}

export const zoneOf = (node: V1Node): string => {
  const labels = node.metadata?.labels ?? {};
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
};

/** `lost` of the zone's `size` nodes are not ready. */
export function zoneState(size: number, lost: number, settings: ZoneSettings): ZoneState {
  if (size > 0 && lost === size) return 'full';
  return lost > 2 && lost / size >= settings.unhealthyShare ? 'partial' : 'normal';
}

/** Milliseconds between two nodes of the zone whose pods are evicted; undefined: none at all. */
export function evictionIntervalMs(state: ZoneState, size: number, settings: ZoneSettings): number | undefined {
  if (state !== 'partial') return interval(settings.evictionsPerSecond);
  return size > settings.largeZoneNodes ? interval(settings.partialEvictionsPerSecond) : undefined;
}

const interval = (perSecond: number): number | undefined => (perSecond > 0 ? 1000 / perSecond : undefined);
