import type { Clock } from '#base/clock.ts';
import { ttlWindowMs } from '../expiry.ts';

/** Leases that many keys share, so that events do not make one each. */
export interface Leases {
  /** The lease to attach one more key to. */
  leaseFor(ttlSeconds: number): Promise<string>;
  /** etcd does not know it any more. */
  forget(id: string): void;
}

interface SharedLease {
  readonly id: Promise<string>;
  readonly untilMs: number;
  attached: number;
}

/** As kube-apiserver: etcd deletes all keys of a lease in one transaction. */
const keysPerLeaseMax = 1000;

/** `grant` asks etcd for a lease of so many seconds and resolves with its id. */
export function createLeases(grant: (ttlSeconds: number) => Promise<string>, clock: Clock): Leases {
  const shared = new Map<number, SharedLease>();
  return {
    leaseFor(ttlSeconds) {
      const current = shared.get(ttlSeconds);
      if (current && clock.now() < current.untilMs && current.attached < keysPerLeaseMax) {
        current.attached++;
        return current.id;
      }
      const windowMs = ttlWindowMs(ttlSeconds);
      // The last key that joins must still have its whole time.
      const seconds = Math.ceil(ttlSeconds + windowMs / 1000);
      const id = grant(seconds);
      const lease = { id, untilMs: clock.now() + windowMs, attached: 1 };
      shared.set(ttlSeconds, lease);
      id.catch(() => {
        if (shared.get(ttlSeconds) === lease) shared.delete(ttlSeconds);
      });
      return id;
    },
    forget(id) {
      for (const [ttlSeconds, lease] of shared) {
        lease.id.then(
          (known) => {
            if (known === id && shared.get(ttlSeconds) === lease) shared.delete(ttlSeconds);
          },
          () => undefined,
        );
      }
    },
  };
}
