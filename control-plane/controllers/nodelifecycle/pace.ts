import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { parseTime } from '../shared/time.ts';
import type { NodeCensus } from './census.ts';
import { isNodeReady } from './health.ts';
import { type EvictionMode, evictionTaint } from './taints.ts';
import { evictionIntervalMs, type ZoneSettings, zoneOf, zoneState } from './zones.ts';

/** How fast nodes lose their pods, so that a failing network does not empty a healthy cluster. */
export interface EvictionPace {
  /** Says `evict` for a node's turn, and from then on until it is ready again or most is lost. */
  mode(node: Stored<V1Node>, all: NodeCensus): EvictionMode;
  forget(node: string): void;
}

/** A node that was given up so long ago is no part of what goes wrong now. */
const writtenOffMs = 300_000;

/** `now`: milliseconds since the epoch. */
export function createEvictionPace(settings: ZoneSettings, now: () => number): EvictionPace {
  /** Turns that a zone has left, and when they were counted. */
  const budgets = new Map<string, { readonly turns: number; readonly atMs: number }>();
  const granted = new Set<string>();

  const isWrittenOff = (givenUpMs: number | undefined): boolean =>
    givenUpMs !== undefined && now() - givenUpMs > writtenOffMs;

  const takeTurn = (zone: string, intervalMs: number): boolean => {
    const { turns, atMs } = budgets.get(zone) ?? { turns: settings.evictionBurst, atMs: now() };
    const left = Math.min(settings.evictionBurst, turns + (now() - atMs) / intervalMs);
    if (left < 1) return false;
    budgets.set(zone, { turns: left - 1, atMs: now() });
    return true;
  };

  return {
    mode(node, all) {
      const { name } = node.metadata;
      if (isNodeReady(node)) {
        granted.delete(name);
        return 'evict';
      }
      const taint = evictionTaint(node);
      if (isWrittenOff(parseTime(taint?.timeAdded))) return 'evict';
      const zone = zoneOf(node);
      // The node itself counts as what it is, whatever the census knows of it.
      const known = all.has(name) ? 1 : 0;
      let counted = all.size - known + 1;
      let zoneCounted = all.zoneSize(zone) - known + 1;
      let [lost, zoneLost] = [1, 1];
      for (const [other, { zone: otherZone, givenUpMs }] of all.lost) {
        if (other === name) continue;
        const inZone = otherZone === zone ? 1 : 0;
        if (isWrittenOff(givenUpMs)) {
          counted -= 1;
          zoneCounted -= inZone;
        } else {
          lost += 1;
          zoneLost += inZone;
        }
      }
      // Who hears of less than half of the machines is more likely cut off than the last one alive.
      if (lost > counted / 2) {
        granted.delete(name);
        return 'spare';
      }
      if (granted.has(name) || taint) return 'evict';
      const intervalMs = evictionIntervalMs(zoneState(zoneCounted, zoneLost, settings), zoneCounted, settings);
      if (intervalMs === undefined || !takeTurn(zone, intervalMs)) return 'hold';
      granted.add(name);
      return 'evict';
    },
    forget(node) {
      granted.delete(node);
    },
  };
}
