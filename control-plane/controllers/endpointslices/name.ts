import type { V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { suffixAlphabet } from '#base/suffix.ts';
import { fnv1a } from '../shared/hash.ts';

const baseLengthMax = 57;

/**
 * The next free name for a slice of this group. It looks random, but the same state gives the same name: a create that is
 * repeated after a lost answer, or made from a stale cache, meets the first one instead of making a second slice.
 */
export function sliceName(service: Stored<V1Service>, groupId: string, taken: (name: string) => boolean): string {
  const base = service.metadata.name.slice(0, baseLengthMax);
  for (let attempt = 0; ; attempt += 1) {
    const name = `${base}-${suffix(`${service.metadata.uid} ${groupId} ${attempt}`)}`;
    if (!taken(name)) return name;
  }
}

function suffix(text: string): string {
  const hash = fnv1a(text);
  // The low bits of this hash are the weaker ones: fold the high ones in.
  let rest = (hash ^ (hash >>> 15)) >>> 0;
  let out = '';
  for (let index = 0; index < 5; index += 1) {
    out += suffixAlphabet[rest % suffixAlphabet.length];
    rest = Math.floor(rest / suffixAlphabet.length);
  }
  return out;
}
