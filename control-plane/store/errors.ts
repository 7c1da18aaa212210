import type { Revision, StoreEntry } from './store.ts';

export type StoreErrorCode =
  | 'exists'
  | 'conflict'
  | 'compacted'
  | 'future-revision'
  | 'unavailable'
  | 'timeout'
  | 'too-large'
  | 'internal';

export interface StoreErrorDetails {
  readonly key?: string;
  readonly revision?: Revision;
  /** For `conflict`: what is there now; absent when the key is gone. */
  readonly current?: StoreEntry;
  readonly cause?: unknown;
}

/**
 * The one error of the store seam. `unavailable` and `timeout` leave it open whether a write happened.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly key: string | undefined;
  readonly revision: Revision | undefined;
  readonly current: StoreEntry | undefined;

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.key = details.key;
    this.revision = details.revision;
    this.current = details.current;
  }
}

export const isStoreError = (error: unknown, code: StoreErrorCode): error is StoreError =>
  error instanceof StoreError && error.code === code;
