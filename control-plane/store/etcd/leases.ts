import type { LeaseClient } from 'etcd3';
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

export function createLeases(client: Pick<LeaseClient, 'leaseGrant'>, clock: Clock, deadline: () => Date): Leases {
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
      const id = client.leaseGrant({ TTL: seconds }, { deadline: deadline() }).then(({ ID }) => ID);
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
