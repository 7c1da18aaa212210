/** Whole images into containerd, from blobs that somebody sends: an image appears only when all of it is there. */
import { statfs } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { type ImageStore, ImageStoreError } from '../../images/store.ts';
import type { Descriptor, MissingBlob } from '../../images/transfer.ts';
import { createConnection } from '../cri/connection.ts';
import { isUnimplemented } from '../cri/errors.ts';
import { isRuntimeError, RuntimeError } from '../errors.ts';
import { createContent, isDiskFull, isWrongContent } from './content.ts';
import { createImageNames } from './image-names.ts';
import { createLeases } from './leases.ts';
import { labelsOf, readImage } from './read-image.ts';
import { createUnpacker } from './unpack.ts';

export interface ContainerdImageStoreOptions {
  readonly socketPath: string;
  /** Where containerd keeps its files: a load that would not fit is refused at its beginning. */
  readonly root: string;
  readonly clock: Clock;
  readonly random: Random;
  /** As in images: `amd64`. */
  readonly architecture: string;
  /** @default statfs of `root` */
  readonly freeBytes?: (() => Promise<number>) | undefined;
}

/** How long the blobs of a load that broke off are kept for the next try. */
const keepMs = 24 * 3_600_000;
/** After a connection broke, containerd frees its blob within moments. */
const lockedMaxMs = 10_000;
const lockedRetryMs = 100;
/** A layer lies on the disk as it came, and unpacked. */
const plainFactor = 2;
const compressedFactor = 3.5;

export const loadedLabel = 'berth.dev/loaded';

export function createContainerdImageStore(options: ContainerdImageStoreOptions): ImageStore {
  const { clock, random, root, architecture } = options;
  const freeBytes = options.freeBytes ?? (() => statfs(root).then(({ bavail, bsize }) => bavail * bsize));
  const connection = createConnection(options.socketPath, clock);
  const content = createContent(connection);
  const leases = createLeases(connection);
  const names = createImageNames(connection);
  const unpacker = createUnpacker(connection, () => random.uuid());

  const checkSpace = async (blobs: readonly Descriptor[], missing: readonly MissingBlob[]): Promise<void> => {
    const there = new Map(missing.map(({ digest, offset }) => [digest, offset]));
    const wanted = blobs
      .filter(({ digest }) => there.has(digest))
      .reduce((sum, { mediaType, digest, size }) => sum + size * factorOf(mediaType) - (there.get(digest) ?? 0), 0);
    const free = await freeBytes();
    if (wanted <= free) return;
    throw new ImageStoreError(
      'disk-full',
      `about ${formatMegabytes(wanted)} are needed on the disk of ${root}, and ${formatMegabytes(free)} are free`,
    );
  };

  const look = async (
    blobs: readonly Descriptor[],
    lease: string,
    signal: AbortSignal,
  ): Promise<readonly MissingBlob[]> => {
    const missing: MissingBlob[] = [];
    for (const { digest, size } of blobs) {
      // First it is kept, then looked at: nothing can be collected in between.
      await leases.keepBlob(lease, digest, signal);
      const found = await content.info(digest, signal);
      if (!found) missing.push({ digest, offset: await content.partOf(digest, signal) });
      else if (found.size !== size) throw wrongSize(digest, found.size, size);
    }
    return missing;
  };

  const untilFree = async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    const endMs = clock.monotonicMs() + lockedMaxMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isLocked(error)) throw error;
        if (clock.monotonicMs() >= endMs)
          throw new ImageStoreError('busy', 'somebody else is sending this blob', error);
        await clock.sleep(lockedRetryMs, signal);
      }
    }
  };

  const translated = async <T>(work: Promise<T>, lease?: string): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (isUnimplemented(error)) {
        throw new ImageStoreError('unsupported', 'the container runtime of this node is not containerd', error);
      }
      if (isWrongContent(error)) throw new ImageStoreError('damaged', messageOfWrong(error), error);
      if (isDiskFull(error)) {
        // A disk that is full must not stay so for the sake of an image that does not fit.
        if (lease !== undefined) await leases.release(lease).catch(() => undefined);
        throw new ImageStoreError('disk-full', `no space is left on the disk of ${root}`, error);
      }
      throw error;
    }
  };

  return {
    check: (target, blobs, signal) => {
      const lease = leaseOf(target.digest);
      return translated(
        (async () => {
          await leases.take(lease, clock.now() + keepMs, signal);
          const missing = await look(blobs, lease, signal);
          await checkSpace(blobs, missing);
          return missing;
        })(),
      );
    },

    write: ({ target, digest, size, offset }, bytes, signal) => {
      const lease = leaseOf(target);
      const write = async (): Promise<void> => {
        // A lock is noticed before the first byte is read, so that the bytes are still there for the next try.
        const at = await content.partOf(digest, signal);
        if (at !== offset) throw new ImageStoreError('incomplete', `the node has ${at} bytes of it, not ${offset}`);
        await content.write({ digest, size, offset, lease }, bytes, signal);
      };
      return translated(untilFree(write, signal), lease);
    },

    commit: ({ target, names: wanted }, signal) => {
      const lease = leaseOf(target.digest);
      return translated(
        (async () => {
          const image = await readImage(content, target, architecture, signal);
          const snapshot = await unpacker.unpack(image.layers, image.diffIds, lease, signal);
          for (const [digest, labels] of labelsOf(image, target, snapshot)) {
            await content.setLabels(digest, labels, signal);
          }
          for (const name of wanted) await names.set(name, target, { [loadedLabel]: 'true' }, signal);
          await leases.release(lease, signal);
          return { id: image.config };
        })(),
        lease,
      );
    },

    removeName: (name, signal) => translated(names.remove(name, signal)),
    loaded: async (signal) => new Set(await translated(names.withLabel(loadedLabel, signal))),
    close: () => connection.close(),
  };
}

const leaseOf = (digest: string): string => `berth-load-${digest.slice('sha256:'.length)}`;

const factorOf = (mediaType: string): number => (/[.+](gzip|zstd)$/.test(mediaType) ? compressedFactor : plainFactor);

const isLocked = (error: unknown): boolean => isRuntimeError(error, 'unavailable') && /locked/.test(error.message);

const wrongSize = (digest: string, found: number, size: number): ImageStoreError =>
  new ImageStoreError('damaged', `${digest} has ${found} bytes, but the image says ${size}`);

const messageOfWrong = (error: unknown): string =>
  error instanceof RuntimeError ? error.message.replace(/: failed precondition$/, '') : String(error);

const formatMegabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
