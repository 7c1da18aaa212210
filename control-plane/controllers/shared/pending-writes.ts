import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf, keyText } from '#client/key.ts';

interface Pending {
  readonly key: ObjectKey;
  /** The version the cache must reach; undefined: the answer was lost, so ask. */
  version: number | undefined;
  sinceMs: number;
}

/** How long the cache may lag before the server is asked what became of the object. */
const askAfterMs = 5_000;

/**
 * What a controller wrote on behalf of an owner, until the cache shows it: a decision that rests on a state from before one's own
 * last write would be made twice. Versions only grow, since they are the store's revisions.
 */
export interface PendingWrites {
  /** Makes a write and remembers it, whether its answer arrives or not. */
  write<T extends KubeObject>(owner: string, key: ObjectKey, request: Promise<Stored<T>>): Promise<Stored<T>>;
  /** Forgets what the cache shows by now, asks the server about what is unclear, and says how many are left. */
  settle(owner: string, signal: AbortSignal): Promise<number>;
  forget(owner: string): void;
  readonly owners: number;
}

export function createPendingWrites<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  cache: Pick<Informer<T>, 'get'>,
  now: () => number,
): PendingWrites {
  const byOwner = new Map<string, Map<string, Pending>>();

  const note = (owner: string, key: ObjectKey, version: number | undefined): void => {
    const all = byOwner.get(owner) ?? new Map<string, Pending>();
    byOwner.set(owner, all);
    all.set(keyText(key), { key, version, sinceMs: now() });
  };

  const isVisible = ({ key, version }: Pending): boolean => {
    const cached = cache.get(key);
    return cached !== undefined && version !== undefined && versionOf(cached) >= version;
  };

  /** Learns the version that the server has; true when the object is gone. */
  const isGone = async (pending: Pending, signal: AbortSignal): Promise<boolean> => {
    try {
      pending.version = versionOf(await client.get(type, pending.key, { signal }));
      pending.sinceMs = now();
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };

  return {
    async write(owner, key, request) {
      try {
        const written = await request;
        note(owner, keyOf(written), versionOf(written));
        return written;
      } catch (error) {
        // Even a conflict says that the cache is behind.
        note(owner, key, undefined);
        throw error;
      }
    },
    async settle(owner, signal) {
      const all = byOwner.get(owner);
      if (!all) return 0;
      for (const [id, pending] of all) {
        const mustAsk = pending.version === undefined || now() - pending.sinceMs >= askAfterMs;
        if (isVisible(pending) || (mustAsk && ((await isGone(pending, signal)) || isVisible(pending)))) all.delete(id);
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

const versionOf = (object: Stored<KubeObject>): number => Number(object.metadata.resourceVersion);
