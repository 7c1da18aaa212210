import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { parseTime } from '../shared/time.ts';
import { isNodeReady } from './health.ts';
import { type EvictionMode, evictionTaint } from './taints.ts';
import { evictionIntervalMs, type ZoneSettings, zoneOf, zoneState } from './zones.ts';

/** How fast nodes lose their pods, so that a failing network does not empty a healthy cluster. */
export interface EvictionPace {
  /** Says `evict` for a node's turn, and from then on until it is ready again or most is lost. */
  mode(node: Stored<V1Node>, all: readonly Stored<V1Node>[]): EvictionMode;
  forget(node: string): void;
}

/** A node that was given up so long ago is no part of what goes wrong now. */
const writtenOffMs = 300_000;

/** `now`: milliseconds since the epoch. */
export function createEvictionPace(settings: ZoneSettings, now: () => number): EvictionPace {
  /** Turns that a zone has left, and when they were counted. */
  const budgets = new Map<string, { readonly turns: number; readonly atMs: number }>();
  const granted = new Set<string>();

  const isWrittenOff = (node: V1Node): boolean => {
    const since = parseTime(evictionTaint(node)?.timeAdded);
    return since !== undefined && now() - since > writtenOffMs;
  };

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
      if (isWrittenOff(node)) return 'evict';
      // One pass and no lists: in a large cluster that is in trouble this is asked for each node again and again.
      let [counted, lost] = [1, 1];
      for (const one of all) {
        const ready = isNodeReady(one);
        if (one.metadata.name === name || (!ready && isWrittenOff(one))) continue;
        counted += 1;
        if (!ready) lost += 1;
      }
      // Who hears of less than half of the machines is more likely cut off than the last one alive.
      if (lost > counted / 2) {
        granted.delete(name);
        return 'spare';
      }
      if (granted.has(name) || evictionTaint(node)) return 'evict';
      const zone = zoneOf(node);
      const others = all.filter((one) => one.metadata.name !== name && zoneOf(one) === zone && !isWrittenOff(one));
      const zoneNodes = [node, ...others];
      const intervalMs = evictionIntervalMs(zoneState(zoneNodes, settings), zoneNodes.length, settings);
      if (intervalMs === undefined || !takeTurn(zone, intervalMs)) return 'hold';
      granted.add(name);
      return 'evict';
    },
    forget(node) {
      granted.delete(node);
    },
  };
}
