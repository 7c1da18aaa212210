import type { V1Lease } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient } from './api-client.ts';

export interface LeaseLockOptions {
  readonly client: ApiClient;
  readonly lease: ObjectKey;
  readonly identity: string;
  readonly clock: Clock;
  readonly leaseDurationMs: number;
}

/** One candidate's view of a Lease. */
export interface LeaseLock {
  /** Acquires or renews. False: another candidate holds it, or wrote first. Throws what the client throws. */
  tryAcquire(signal: AbortSignal): Promise<boolean>;
  /** Gives it up if it is held. */
  release(signal: AbortSignal): Promise<void>;
  /** As of the last attempt, another candidate holds it. */
  readonly heldByOther: boolean;
}

export function createLeaseLock({ client, lease: key, identity, clock, leaseDurationMs }: LeaseLockOptions): LeaseLock {
  /** Clocks of machines differ: a lease expires by how long this process has seen it unchanged. */
  let observed: { readonly version: string; readonly atMs: number } | undefined;
  let held: Stored<V1Lease> | undefined;
  let heldByOther = false;

  const spec = (transitions: number, acquireTime: string | undefined): NonNullable<V1Lease['spec']> => {
    const now = microTime(clock.now());
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: acquireTime ?? now,
      renewTime: now,
      leaseTransitions: transitions,
    };
  };

  const remember = (lease: Stored<V1Lease>): void => {
    held = lease;
    heldByOther = false;
  };

  const read = async (signal: AbortSignal): Promise<Stored<V1Lease> | undefined> => {
    try {
      return await client.get(leases, key, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const write = async (call: () => Promise<Stored<V1Lease>>): Promise<boolean> => {
    try {
      remember(await call());
      return true;
    } catch (error) {
      held = undefined;
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return false;
      throw error;
    }
  };

  return {
    get heldByOther() {
      return heldByOther;
    },
    async tryAcquire(signal) {
      // The holder renews with one request, as long as nobody else touched the lease.
      const mine = held;
      if (mine) {
        const next = spec(mine.spec?.leaseTransitions ?? 0, mine.spec?.acquireTime);
        if (await write(() => client.update(leases, { ...mine, spec: next }, { signal }))) return true;
      }
      const current = await read(signal);
      if (!current) {
        const metadata = { ...(key.namespace && { namespace: key.namespace }), name: key.name };
        return write(() => client.create(leases, { metadata, spec: spec(0, undefined) }, { signal }));
      }
      const nowMs = clock.monotonicMs();
      const version = `${current.metadata.uid}/${current.metadata.resourceVersion}`;
      if (observed?.version !== version) observed = { version, atMs: nowMs };
      const holder = current.spec?.holderIdentity ?? '';
      const durationMs = (current.spec?.leaseDurationSeconds ?? 0) * 1000;
      if (holder && holder !== identity && nowMs < observed.atMs + durationMs) {
        heldByOther = true;
        return false;
      }
      const transitions = current.spec?.leaseTransitions ?? 0;
      const next =
        holder === identity ? spec(transitions, current.spec?.acquireTime) : spec(transitions + 1, undefined);
      return write(() => client.update(leases, { ...current, spec: next }, { signal }));
    },
    async release(signal) {
      held = undefined;
      // A renewal that was aborted on its way may still arrive: then the first write meets a conflict.
      for (let attempt = 0; attempt < 3; attempt++) {
        const current = await read(signal);
        if (current?.spec?.holderIdentity !== identity) return;
        const now = microTime(clock.now());
        const free = { ...current.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
        if (await write(() => client.update(leases, { ...current, spec: free }, { signal }))) break;
      }
      held = undefined;
    },
  };
}

/** RFC 3339 with microseconds, as meta/v1 MicroTime. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
