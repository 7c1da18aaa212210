import type { CommitAnswer, CommitRequest, Descriptor, MissingBlob } from './transfer.ts';

/** Takes images that somebody sends. Every method rejects with an ImageStoreError, or a RuntimeError when the runtime fails. */
export interface ImageStore {
  /**
   * Which of the blobs are not there, or only in part. What is there is kept for a day, until `commit` at the latest.
   * `target` names the load: the same image may be loaded twice at once.
   */
  check(target: Descriptor, blobs: readonly Descriptor[], signal: AbortSignal): Promise<readonly MissingBlob[]>;
  /** Resolves once the blob is there whole and has its digest. `offset`: as `check` told it. */
  write(blob: BlobPart, bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** Checks and unpacks the image, then gives it its names: until here it does not exist. */
  commit(request: CommitRequest, signal: AbortSignal): Promise<CommitAnswer>;
  /** Takes a name away; the image goes with its last one. */
  removeName(name: string, signal: AbortSignal): Promise<void>;
  /** Names of the images that came in this way. They cannot be pulled again. */
  loaded(signal: AbortSignal): Promise<ReadonlySet<string>>;
  close(): void;
}

export interface BlobPart {
  readonly target: string;
  readonly digest: string;
  /** Of the whole blob. Bytes. */
  readonly size: number;
  readonly offset: number;
}

/**
 * `incomplete`: blobs are missing, or another part of one was expected; check again. `damaged`: the bytes are not what
 * their digest or name says. `busy`: somebody else is sending the same. `platform`: made for other machines.
 */
export type ImageStoreErrorCode = 'incomplete' | 'damaged' | 'disk-full' | 'busy' | 'platform' | 'unsupported';

export class ImageStoreError extends Error {
  override readonly name = 'ImageStoreError';
  readonly code: ImageStoreErrorCode;

  constructor(code: ImageStoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
