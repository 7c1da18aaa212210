import {
  fenceMarginMs,
  isTaken,
  nodeLeaseNamespace as namespace,
  promisedSeconds,
  takenAnnotation,
} from '#api/fence.ts';
import type { V1Lease } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';

/**
 * The server's side of what nodes promise with their leases (api/fence.ts): whether what must not run twice has stopped on a
 * machine that nobody hears of. Nothing is known of the time before it began to look: a new server waits as long as promised anew.
 */
export interface NodeFence {
  /** Milliseconds until the node has kept its promise, counted from the last renewal that was seen; undefined: it has made none. */
  waitMs(node: string): number | undefined;
  /**
   * Takes the node's lease, so that its agent starts nothing of the kind before it has renewed it and has then written into the
   * pod. True: what is deleted at a version from before this call is certain not to run. False: the node was heard of.
   */
  take(node: string, signal: AbortSignal): Promise<boolean>;
  /** Follows the cache until the returned function is called. */
  attach(): () => void;
}

interface Seen {
  readonly renewTime: string | undefined;
  readonly promiseMs: number | undefined;
  readonly seenMs: number;
}

export function createNodeFence(client: ApiClient, cache: Informer<V1Lease>, clock: Clock): NodeFence {
  const seen = new Map<string, Seen>();

  const observe = (lease: Stored<V1Lease>): void => {
    const { metadata, spec } = lease;
    if (metadata.namespace !== namespace) return;
    const before = seen.get(metadata.name);
    if (before && before.renewTime === spec?.renewTime) return;
    const seconds = promisedSeconds(lease);
    seen.set(metadata.name, {
      renewTime: spec?.renewTime,
      promiseMs: seconds && seconds * 1000,
      seenMs: clock.monotonicMs(),
    });
  };

  const find = async (name: string, signal: AbortSignal): Promise<Stored<V1Lease> | undefined> => {
    try {
      return await client.get(leases, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const waitMs = (node: string): number | undefined => {
    const known = seen.get(node);
    if (known?.promiseMs === undefined) return undefined;
    return Math.max(0, known.seenMs + known.promiseMs + fenceMarginMs - clock.monotonicMs());
  };

  return {
    waitMs,
    async take(node, signal) {
      const lease = await find(node, signal);
      const waited = waitMs(node) === 0;
      // An agent whose lease is gone makes a new one before it starts anything.
      if (!lease) return waited;
      if (isTaken(lease)) return true;
      if (!waited || lease.spec?.renewTime !== seen.get(node)?.renewTime) return false;
      const annotations = { ...lease.metadata.annotations, [takenAnnotation]: new Date(clock.now()).toISOString() };
      try {
        await client.update(leases, { ...lease, metadata: { ...lease.metadata, annotations } }, { signal });
        return true;
      } catch (error) {
        if (isConflict(error) || isNotFound(error)) return false;
        throw error;
      }
    },
    attach() {
      seen.clear();
      return cache.addHandler({ onAdd: observe, onUpdate: observe });
    },
  };
}
