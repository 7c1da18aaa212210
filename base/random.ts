/** Randomness as a parameter, so that one seed replays a whole run. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A random (version 4) UUID. */
  uuid(): string;
  /** `length` characters that are easy to read aloud, as in generated names (no vowels, no 0/1/3). */
  suffix(length: number): string;
}
