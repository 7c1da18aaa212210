/** No vowels (so no words) and no characters that look alike, as Kubernetes' own generated names. */
export const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters drawn with `next`, a source of numbers in [0, 1). */
export function randomSuffix(length: number, next: () => number): string {
  return Array.from({ length }, () => suffixAlphabet[Math.floor(next() * suffixAlphabet.length)]).join('');
}
