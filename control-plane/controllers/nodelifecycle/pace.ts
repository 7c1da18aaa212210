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

/** How many of the lost nodes are written off, and how many are not. */
interface Tally {
  readonly of: NodeCensus;
  readonly version: number;
  readonly second: number;
  readonly off: number;
  readonly offIn: ReadonlyMap<string, number>;
  readonly lostIn: ReadonlyMap<string, number>;
}

/** A node that was given up so long ago is no part of what goes wrong now. */
const writtenOffMs = 300_000;

/** `now`: milliseconds since the epoch. */
export function createEvictionPace(settings: ZoneSettings, now: () => number): EvictionPace {
  /** Turns that a zone has left, and when they were counted. */
  const budgets = new Map<string, { readonly turns: number; readonly atMs: number }>();
  const granted = new Set<string>();
  let tally: Tally | undefined;

  const isWrittenOff = (givenUpMs: number | undefined): boolean =>
    givenUpMs !== undefined && now() - givenUpMs > writtenOffMs;

  /** Written off are few things that change: counted anew for each version of the census, and each second. */
  const tallyOf = (all: NodeCensus): Tally => {
    const second = Math.floor(now() / 1_000);
    if (tally?.of === all && tally.version === all.version && tally.second === second) return tally;
    const next = {
      of: all,
      version: all.version,
      second,
      off: 0,
      offIn: new Map<string, number>(),
      lostIn: new Map<string, number>(),
    };
    for (const { zone, givenUpMs } of all.lost.values()) {
      const into = isWrittenOff(givenUpMs) ? next.offIn : next.lostIn;
      into.set(zone, (into.get(zone) ?? 0) + 1);
      if (into === next.offIn) next.off += 1;
    }
    tally = next;
    return next;
  };

  /** The node itself counts as lost, whatever the census knows of it. */
  const countWith = ({ metadata: { name } }: Stored<V1Node>, zone: string, all: NodeCensus) => {
    const { off, offIn, lostIn } = tallyOf(all);
    const itself = all.lost.get(name);
    const isOff = itself !== undefined && isWrittenOff(itself.givenUpMs) ? 1 : 0;
    const isLost = itself === undefined ? 0 : 1 - isOff;
    const others = all.size - (all.has(name) ? 1 : 0);
    const zoneOthers = all.zoneSize(zone) - (all.has(name) ? 1 : 0);
    return {
      counted: 1 + others - (off - isOff),
      lost: 1 + all.lost.size - off - isLost,
      zoneCounted: 1 + zoneOthers - ((offIn.get(zone) ?? 0) - isOff),
      zoneLost: 1 + (lostIn.get(zone) ?? 0) - isLost,
    };
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
      const taint = evictionTaint(node);
      if (isWrittenOff(parseTime(taint?.timeAdded))) return 'evict';
      const zone = zoneOf(node);
      const { counted, lost, zoneCounted, zoneLost } = countWith(node, zone, all);
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
