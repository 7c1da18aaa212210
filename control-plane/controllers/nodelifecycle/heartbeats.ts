import { nodeLeaseNamespace } from '#api/fence.ts';
import type { V1Lease, V1Node } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import type { Informer } from '#client/informer.ts';
import { reportOf } from './health.ts';

/**
 * When each node last showed that it lives, by the observer's own clock: those of other machines are not believed. Renewing its
 * lease or reporting its status are signs of life; what is there when the observation begins counts as of then.
 */
export interface Heartbeats {
  /** On `clock.monotonicMs()`; undefined: no such node. */
  seenMs(node: string): number | undefined;
  nodes(): Iterable<readonly [node: string, seenMs: number]>;
  /** Follows the caches until the returned function is called. */
  attach(): () => void;
}

export interface HeartbeatsOptions {
  readonly nodes: Informer<V1Node>;
  readonly leases: Informer<V1Lease>;
  readonly clock: Clock;
  /** A sign of life has come. */
  readonly onSign: (node: string) => void;
}

/** A thousand nodes give a thousand signs per second: each costs no more than an entry in a map. */
export function createHeartbeats({ nodes, leases, clock, onSign }: HeartbeatsOptions): Heartbeats {
  const seen = new Map<string, number>();
  const sign = (node: string): void => {
    if (!seen.has(node)) return;
    seen.set(node, clock.monotonicMs());
    onSign(node);
  };
  const onLease = (lease: V1Lease): void => {
    if (lease.metadata?.namespace === nodeLeaseNamespace) sign(lease.metadata.name ?? '');
  };
  return {
    seenMs: (node) => seen.get(node),
    nodes: () => seen,
    attach() {
      seen.clear();
      const removals = [
        nodes.addHandler({
          onAdd: ({ metadata }) => seen.set(metadata.name, clock.monotonicMs()),
          onUpdate(node, old) {
            // Our own verdict is no sign of life: it has no report.
            const report = reportOf(node);
            if (report !== undefined && report !== reportOf(old)) sign(node.metadata.name);
          },
          onDelete: ({ metadata }) => seen.delete(metadata.name),
        }),
        leases.addHandler({
          onAdd: onLease,
          onUpdate(lease, old) {
            if (lease.spec?.renewTime !== old.spec?.renewTime) onLease(lease);
          },
        }),
      ];
      return () => {
        for (const remove of removals) remove();
      };
    },
  };
}
