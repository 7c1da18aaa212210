import type { KeyPair } from '#host/key-pair.ts';

/** A certificate that may be replaced while the process runs. */
export interface ServingCertificate {
  current(): KeyPair;
  /** Called with each new one. Returns the way out. */
  onChange(listener: (pair: KeyPair) => void): () => void;
}

/** One that stays as long as the process. */
export const fixedCertificate = (pair: KeyPair): ServingCertificate => ({
  current: () => pair,
  onChange: () => () => {},
});
