import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';
import { keyText } from '#client/key.ts';

interface Pending {
  readonly key: ObjectKey;
  readonly change: 'create' | 'delete';
  /** Undefined for a create whose answer was lost. */
  readonly uid: string | undefined;
  readonly sinceMs: number;
  /** The write may not have happened: ask before waiting for the cache. */
  certain: boolean;
}

/** How long the cache may lag before the server itself is asked whether the pod exists. */
const askAfterMs = 5_000;

/**
 * Writes to pods that the cache does not show yet, per owner. While there are any, counting pods would count wrongly, so the
 * owner's reconciler waits. Names are chosen before the create, so that even a create whose answer was lost can be looked for.
 */
export interface PendingPods {
  created(owner: string, pod: Stored<V1Pod>): void;
  deleted(owner: string, pod: Stored<V1Pod>): void;
  /** The request failed in a way that leaves open whether it was carried out. */
  uncertain(owner: string, change: 'create' | 'delete', key: ObjectKey, uid?: string): void;
  /** Forgets what the cache shows by now, asks the server about what is unclear, and says how many are left. */
  settle(owner: string, signal: AbortSignal): Promise<number>;
  forget(owner: string): void;
  readonly owners: number;
}

export function createPendingPods(
  client: ApiClient,
  cache: Pick<Informer<V1Pod>, 'get'>,
  now: () => number,
): PendingPods {
  const byOwner = new Map<string, Map<string, Pending>>();

  const add = (owner: string, pending: Pending): void => {
    const all = byOwner.get(owner) ?? new Map<string, Pending>();
    byOwner.set(owner, all);
    all.set(`${pending.change} ${keyText(pending.key)}`, pending);
  };

  const isVisible = ({ key, change, uid }: Pending): boolean => {
    const pod = cache.get(key);
    if (change === 'create') return pod !== undefined;
    return !pod || (uid !== undefined && pod.metadata.uid !== uid) || pod.metadata.deletionTimestamp !== undefined;
  };

  /** True when there is nothing to wait for: the create left nothing behind, or the delete was not carried out. */
  const isVoid = async (pending: Pending, signal: AbortSignal): Promise<boolean> => {
    try {
      const pod = await client.get(pods, pending.key, { signal });
      if (pending.change === 'create') return false;
      return pod.metadata.uid === pending.uid && pod.metadata.deletionTimestamp === undefined;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return pending.change === 'create';
    }
  };

  return {
    created(owner, pod) {
      const { namespace, name, uid } = pod.metadata;
      add(owner, { key: { namespace, name }, change: 'create', uid, sinceMs: now(), certain: true });
    },
    deleted(owner, pod) {
      const { namespace, name, uid } = pod.metadata;
      add(owner, { key: { namespace, name }, change: 'delete', uid, sinceMs: now(), certain: true });
    },
    uncertain(owner, change, key, uid) {
      add(owner, { key, change, uid, sinceMs: now(), certain: false });
    },
    async settle(owner, signal) {
      const all = byOwner.get(owner);
      if (!all) return 0;
      for (const [id, pending] of all) {
        const mayAsk = !pending.certain || now() - pending.sinceMs >= askAfterMs;
        if (isVisible(pending) || (mayAsk && (await isVoid(pending, signal)))) all.delete(id);
        // What the server has confirmed, the cache will show: no need to ask each time.
        else pending.certain ||= true;
      }
      if (all.size === 0) byOwner.delete(owner);
      return all.size;
    },
    forget: (owner) => byOwner.delete(owner),
    get owners() {
      return byOwner.size;
    },
  };
}
