import { suffixAlphabet } from '#base/suffix.ts';
import { canonicalJson } from '../shared/canonical.ts';

/** Names may have 253 characters; a hash has at most 10 and its hyphen one. Kubernetes leaves more room. */
const prefixLengthMax = 223;

/**
 * A short, stable name for a revision's data, made as Kubernetes makes it: FNV-1 of 32 bits over the JSON with sorted keys as Go
 * writes it, then over the count of collisions, which gives the next name when something else has this one.
 */
export function revisionHash(data: unknown, collisionCount: number): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${goJson(data)}${collisionCount}`)) {
    hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  }
  return [...String(hash)].map((digit) => suffixAlphabet[digit.charCodeAt(0) % suffixAlphabet.length]).join('');
}

export const revisionName = (owner: string, hash: string): string => `${owner.slice(0, prefixLengthMax)}-${hash}`;

/** Go writes these characters as escapes, so that its JSON can stand inside HTML. */
const goJson = (data: unknown): string =>
  canonicalJson(data).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
