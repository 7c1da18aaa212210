import type { V1Lease, V1Node } from '#api/generated/types.ts';
import { endpointsAppliedAnnotation } from '#api/withdrawal.ts';
import { findCondition } from '../shared/conditions.ts';

/** Up to which revision of the endpoint slices the nodes' rules are. */
export interface Watermarks {
  setNode(node: V1Node): void;
  removeNode(name: string): void;
  setLease(lease: V1Lease): void;
  removeLease(name: string): void;
  /**
   * The revision that every live node has reached; undefined when no live node says anything. Nodes that are not Ready are not
   * counted, and neither are those whose agents do not acknowledge.
   */
  lowest(): bigint | undefined;
  /** Live nodes that are behind `revision`. */
  behind(revision: bigint): readonly string[];
}

export function createWatermarks(): Watermarks {
  const live = new Set<string>();
  const applied = new Map<string, bigint>();

  return {
    setNode(node) {
      const name = node.metadata?.name ?? '';
      if (findCondition(node.status?.conditions, 'Ready')?.status === 'True') live.add(name);
      else live.delete(name);
    },
    removeNode: (name) => void live.delete(name),
    setLease(lease) {
      const name = lease.metadata?.name ?? '';
      const text = lease.metadata?.annotations?.[endpointsAppliedAnnotation];
      // An agent starts from nothing, so that what it says may go back.
      if (text !== undefined && /^\d{1,30}$/.test(text)) applied.set(name, BigInt(text));
      else applied.delete(name);
    },
    removeLease: (name) => void applied.delete(name),
    lowest() {
      let lowest: bigint | undefined;
      for (const name of live) {
        const revision = applied.get(name);
        if (revision !== undefined && (lowest === undefined || revision < lowest)) lowest = revision;
      }
      return lowest;
    },
    behind: (revision) =>
      [...live].filter((name) => {
        const own = applied.get(name);
        return own !== undefined && own < revision;
      }),
  };
}
