import { createLruMap } from '#client/lru.ts';
import type { Blocks } from './blocks.ts';

/**
 * Which node has which part, in memory. What is handed out counts as taken at once, and stays so while it is unclear whether
 * the server wrote it: this is why no part is handed out twice.
 */
export interface Allocator {
  /** A node has these networks, whoever gave them. No networks: nothing new is known. */
  observe(node: string, cidrs: readonly string[]): void;
  /** The node's part, the same one each time; undefined when all are taken. */
  allocate(node: string): string | undefined;
  /** The node is gone. */
  release(node: string): void;
  knows(node: string): boolean;
  /** Another node whose part overlaps with this node's. */
  rivalOf(node: string): string | undefined;
  readonly nodes: number;
}

type Range = readonly [number, number];

interface Claim {
  readonly ranges: readonly Range[];
  /** Handed out by us; the server may or may not have written it. */
  readonly given: boolean;
}

/** Enough for every node of a large cluster to be made anew. */
const rememberedMax = 1_024;

export function createAllocator(blocks: Blocks): Allocator {
  const claims = new Map<string, Claim>();
  /** How many nodes are in each block: more than one only where somebody else gave them out. */
  const users = new Uint16Array(blocks.count);
  const remembered = createLruMap<number>(rememberedMax);
  let cursor = 0;

  const count = (ranges: readonly Range[], by: 1 | -1): void => {
    for (const [first, last] of ranges) for (let index = first; index <= last; index++) users[index] = at(index) + by;
  };
  const at = (index: number): number => users[index] ?? 0;
  const rangesOf = (node: string): readonly Range[] => claims.get(node)?.ranges ?? [];
  const claim = (node: string, ranges: readonly Range[], given: boolean): void => {
    count(rangesOf(node), -1);
    count(ranges, 1);
    claims.set(node, { ranges, given });
  };
  /** The one whole block that a node has. */
  const blockOf = (node: string): number | undefined => {
    const [only, ...more] = rangesOf(node);
    return only && more.length === 0 && only[0] === only[1] ? only[0] : undefined;
  };
  /** Onwards from the last one, so that what was freed rests as long as possible: other nodes may still have routes there. */
  const nextFree = (): number | undefined => {
    for (let step = 0; step < blocks.count; step++) {
      const index = (cursor + step) % blocks.count;
      if (at(index) === 0) return index;
    }
    return undefined;
  };

  return {
    observe(node, cidrs) {
      if (cidrs.length === 0) return;
      claim(
        node,
        cidrs.map((cidr) => blocks.overlapping(cidr)).filter((range) => range !== undefined),
        false,
      );
    },
    allocate(node) {
      const own = blockOf(node);
      if (own !== undefined && (claims.get(node)?.given || at(own) === 1)) return blocks.cidr(own);
      const before = remembered.get(node);
      const index = before !== undefined && at(before) === 0 ? before : nextFree();
      if (index === undefined) return undefined;
      if (index !== before) cursor = (index + 1) % blocks.count;
      claim(node, [[index, index]], true);
      return blocks.cidr(index);
    },
    release(node) {
      const block = blockOf(node);
      if (block !== undefined) remembered.set(node, block);
      count(rangesOf(node), -1);
      claims.delete(node);
    },
    knows: (node) => claims.has(node),
    rivalOf(node) {
      const own = rangesOf(node);
      const crowded = own.some(([first, last]) => {
        for (let index = first; index <= last; index++) if (at(index) > 1) return true;
        return false;
      });
      if (!crowded) return undefined;
      return [...claims.keys()].find(
        (other) => other !== node && rangesOf(other).some((one) => own.some((mine) => meets(one, mine))),
      );
    },
    get nodes() {
      return claims.size;
    },
  };
}

const meets = (a: Range, b: Range): boolean => a[0] <= b[1] && b[0] <= a[1];
