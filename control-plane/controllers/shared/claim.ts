import type { KubeObject, Stored } from '#api/meta.ts';
import { controllerOf } from './owners.ts';

export interface Claims<T> {
  /** Already owned, and matching. */
  readonly owned: readonly T[];
  /** Match the selector and have no controller. */
  readonly adopt: readonly T[];
  /** Owned, but no longer matching. */
  readonly release: readonly T[];
}

/**
 * Who of `candidates` belongs to `owner`. An owner that is being deleted takes nobody new and lets nobody go; objects that
 * are being deleted are neither adopted nor released.
 */
export function claim<T extends Stored<KubeObject>>(
  owner: Stored<KubeObject>,
  matches: (object: T) => boolean,
  candidates: readonly T[],
): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const ownerGoes = owner.metadata.deletionTimestamp !== undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    const goes = object.metadata.deletionTimestamp !== undefined;
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches(object)) owned.push(object);
      else if (!ownerGoes && !goes) release.push(object);
    } else if (!ownerGoes && !goes && matches(object)) adopt.push(object);
  }
  return { owned, adopt, release };
}
