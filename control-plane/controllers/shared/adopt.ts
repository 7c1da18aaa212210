import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import { keyOf } from '#client/key.ts';
import type { Claims } from './claim.ts';
import { controllerRef } from './owners.ts';

/**
 * Takes in and lets go as `claims` says. Every write is conditional on the version that was judged. Before adopting it asks
 * the server, not the cache, whether the owner still lives. Returns whether anything was written: then the caller waits for the cache.
 */
export async function settleClaims<O extends KubeObject, T extends KubeObject>(
  client: ApiClient,
  ownerType: ResourceType<O>,
  owner: Stored<O>,
  type: ResourceType<T>,
  claims: Claims<Stored<T>>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const object of claims.release) {
    const owners = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
    await writeOwners(client, type, object, owners, signal);
  }
  if (claims.adopt.length > 0) {
    const live = await client.get(ownerType, keyOf(owner), { signal });
    const lives = live.metadata.uid === owner.metadata.uid && live.metadata.deletionTimestamp === undefined;
    if (!lives) return claims.release.length > 0;
  }
  for (const object of claims.adopt) {
    const owners = [...(object.metadata.ownerReferences ?? []), controllerRef(ownerType, owner)];
    await writeOwners(client, type, object, owners, signal);
  }
  return claims.release.length + claims.adopt.length > 0;
}

async function writeOwners<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  object: Stored<T>,
  ownerReferences: NonNullable<KubeObject['metadata']>['ownerReferences'],
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.update(type, { ...object, metadata: { ...object.metadata, ownerReferences } }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
