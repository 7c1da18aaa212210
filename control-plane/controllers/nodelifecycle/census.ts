import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import { parseTime } from '../shared/time.ts';
import { isNodeReady } from './health.ts';
import { evictionTaint } from './taints.ts';
import { zoneOf } from './zones.ts';

export interface LostNode {
  readonly zone: string;
  /** Since when its pods may be sent away, in milliseconds since the epoch. */
  readonly givenUpMs: number | undefined;
}

/**
 * How many nodes there are, and which of them are not ready. Kept with each change: in a large cluster that is in trouble it is
 * asked for each lost node again and again, and to look at all nodes each time would make the trouble worse.
 */
export interface NodeCensus {
  readonly size: number;
  readonly lost: ReadonlyMap<string, LostNode>;
  /** Another number after each change of what is lost. */
  readonly version: number;
  has(name: string): boolean;
  zoneSize(zone: string): number;
}

export interface LiveCensus extends NodeCensus {
  put(node: Stored<V1Node>): void;
  remove(name: string): void;
  /** Follows the cache until the returned function is called; then it is empty again. */
  attach(cache: Pick<Informer<V1Node>, 'addHandler'>): () => void;
}

export function createNodeCensus(): LiveCensus {
  const zones = new Map<string, string>();
  const sizes = new Map<string, number>();
  const lost = new Map<string, LostNode>();
  let version = 0;

  const remove = (name: string): void => {
    const zone = zones.get(name);
    if (zone === undefined) return;
    zones.delete(name);
    if (lost.delete(name)) version += 1;
    const left = (sizes.get(zone) ?? 0) - 1;
    if (left > 0) sizes.set(zone, left);
    else sizes.delete(zone);
  };
  const put = (node: Stored<V1Node>): void => {
    const { name } = node.metadata;
    const zone = zoneOf(node);
    if (zones.get(name) !== zone) {
      remove(name);
      zones.set(name, zone);
      sizes.set(zone, (sizes.get(zone) ?? 0) + 1);
    }
    if (!isNodeReady(node)) {
      lost.set(name, { zone, givenUpMs: parseTime(evictionTaint(node)?.timeAdded) });
      version += 1;
    } else if (lost.delete(name)) version += 1;
  };

  return {
    get size() {
      return zones.size;
    },
    lost,
    get version() {
      return version;
    },
    has: (name) => zones.has(name),
    zoneSize: (zone) => sizes.get(zone) ?? 0,
    put,
    remove,
    attach(cache) {
      const detach = cache.addHandler({
        onAdd: put,
        onUpdate: put,
        onDelete: ({ metadata }) => remove(metadata.name),
      });
      return () => {
        detach();
        for (const map of [zones, sizes, lost]) map.clear();
        version += 1;
      };
    },
  };
}
