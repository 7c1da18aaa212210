import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isNodeReady } from './health.ts';
import { type EvictionMode, hasEvictionTaint } from './taints.ts';
import { evictionIntervalMs, type ZoneSettings, zoneOf, zoneState } from './zones.ts';

/** How fast nodes lose their pods, so that a failing network does not empty a healthy cluster. */
export interface EvictionPace {
  /** Says `evict` for a node's turn, and from then on until it is ready again or everything is lost. */
  mode(node: Stored<V1Node>, all: readonly Stored<V1Node>[]): EvictionMode;
  forget(node: string): void;
}

export function createEvictionPace(settings: ZoneSettings, now: () => number): EvictionPace {
  const nextTurnMs = new Map<string, number>();
  const granted = new Set<string>();
  return {
    mode(node, all) {
      const { name } = node.metadata;
      if (isNodeReady(node)) {
        granted.delete(name);
        return 'evict';
      }
      const others = all.filter(({ metadata }) => metadata.name !== name);
      const zone = zoneOf(node);
      const zoneNodes = [node, ...others.filter((other) => zoneOf(other) === zone)];
      // One machine alone cannot tell whether it is the machine that is lost or the observer.
      const everythingLost = others.every((other) => !isNodeReady(other));
      if (everythingLost) {
        granted.delete(name);
        return 'spare';
      }
      if (granted.has(name) || hasEvictionTaint(node)) return 'evict';
      const intervalMs = evictionIntervalMs(zoneState(zoneNodes, settings), zoneNodes.length, false, settings);
      if (intervalMs === undefined || now() < (nextTurnMs.get(zone) ?? 0)) return 'hold';
      nextTurnMs.set(zone, now() + intervalMs);
      granted.add(name);
      return 'evict';
    },
    forget(node) {
      granted.delete(node);
    },
  };
}
