/** Removes images that nothing uses: when the disk fills, and when they have not been used for long. */
import { statfs } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Container, ContainerRuntime, Image } from '../runtime/runtime.ts';

export interface DiskSpace {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

export interface ImageCollectorOptions {
  readonly runtime: Pick<ContainerRuntime, 'listImages' | 'listContainers' | 'removeImage' | 'imageFsUsage'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Images that are never removed, besides pinned ones: those that cannot be pulled again. By tag. */
  readonly keep: (tag: string) => boolean;
  /** More of those, asked anew in each round. */
  readonly loaded?: ((signal: AbortSignal) => Promise<ReadonlySet<string>>) | undefined;
  /** @default statfs of the runtime's image folder */
  readonly disk?: ((mountpoint: string) => Promise<DiskSpace>) | undefined;
  /** Of the disk's capacity. @default 85 */
  readonly highPercent?: number | undefined;
  /** @default 80 */
  readonly lowPercent?: number | undefined;
  /** An image is left alone this long after it was first seen. @default 2 min */
  readonly minAgeMs?: number | undefined;
  /** Unused for longer than this, an image is removed whatever the disk says. @default never */
  readonly maxUnusedMs?: number | undefined;
}

export interface ImageCollector {
  /** One round; call it every five minutes. Returns the bytes that became free. */
  collect(signal: AbortSignal): Promise<number>;
}

interface Sighting {
  readonly firstSeenMs: number;
  readonly lastUsedMs: number;
}

export interface CollectionPlanInput {
  readonly images: readonly Image[];
  readonly sightings: ReadonlyMap<string, Sighting>;
  readonly nowMs: number;
  /** How many bytes are to become free; 0 when the disk has room. */
  readonly bytesWanted: number;
  readonly minAgeMs: number;
  readonly maxUnusedMs: number;
}

/** Least recently used first, then the oldest. `images` are those that nothing uses and that may go. */
export function planCollection(input: CollectionPlanInput): Image[] {
  const { images, sightings, nowMs, minAgeMs, maxUnusedMs } = input;
  const known = images.flatMap((image) => {
    const sighting = sightings.get(image.id);
    return sighting ? [{ image, ...sighting }] : [];
  });
  known.sort((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstSeenMs - b.firstSeenMs);
  const chosen: Image[] = [];
  let bytes = 0;
  for (const { image, firstSeenMs, lastUsedMs } of known) {
    if (nowMs - firstSeenMs < minAgeMs) continue;
    const stale = nowMs - Math.max(lastUsedMs, firstSeenMs) > maxUnusedMs;
    if (!stale && bytes >= input.bytesWanted) continue;
    chosen.push(image);
    bytes += image.sizeBytes;
  }
  return chosen;
}

const defaults = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000, maxUnusedMs: Number.POSITIVE_INFINITY };

export function createImageCollector(options: ImageCollectorOptions): ImageCollector {
  const { runtime, clock, log, keep, disk = readDiskSpace } = options;
  const highPercent = options.highPercent ?? defaults.highPercent;
  const lowPercent = options.lowPercent ?? defaults.lowPercent;
  const sightings = new Map<string, Sighting>();

  const observe = (
    images: readonly Image[],
    containers: readonly Container[],
    loaded: ReadonlySet<string>,
  ): Image[] => {
    const used = new Set(containers.flatMap(({ image, imageRef }) => [image, imageRef]));
    const nowMs = clock.now();
    const unused: Image[] = [];
    for (const image of images) {
      const old = sightings.get(image.id);
      const inUse = [image.id, ...image.repoTags, ...image.repoDigests].some((name) => used.has(name));
      const lastUsedMs = inUse ? nowMs : (old?.lastUsedMs ?? 0);
      sightings.set(image.id, { firstSeenMs: old?.firstSeenMs ?? nowMs, lastUsedMs });
      const kept = image.pinned || image.repoTags.some((tag) => keep(tag) || loaded.has(tag));
      if (!inUse && !kept) unused.push(image);
    }
    const present = new Set(images.map(({ id }) => id));
    for (const id of sightings.keys()) if (!present.has(id)) sightings.delete(id);
    return unused;
  };

  const bytesWanted = async (signal: AbortSignal): Promise<number> => {
    const { mountpoint } = await runtime.imageFsUsage(signal);
    const { capacityBytes, availableBytes } = await disk(mountpoint);
    const usedBytes = capacityBytes - availableBytes;
    if (capacityBytes <= 0 || (usedBytes / capacityBytes) * 100 < highPercent) return 0;
    return Math.max(0, usedBytes - (capacityBytes * lowPercent) / 100);
  };

  return {
    async collect(signal) {
      // Containers are listed last: an image that a new one uses must not look unused.
      const images = await runtime.listImages(signal);
      const loaded = (await options.loaded?.(signal)) ?? new Set<string>();
      const unused = observe(images, await runtime.listContainers(signal), loaded);
      const wanted = await bytesWanted(signal);
      const chosen = planCollection({
        images: unused,
        sightings,
        nowMs: clock.now(),
        bytesWanted: wanted,
        minAgeMs: options.minAgeMs ?? defaults.minAgeMs,
        maxUnusedMs: options.maxUnusedMs ?? defaults.maxUnusedMs,
      });
      let freed = 0;
      for (const image of chosen) {
        if (signal.aborted) break;
        try {
          await runtime.removeImage(image.id, signal);
          freed += image.sizeBytes;
          log.info({ image: image.repoTags[0] ?? image.id, bytes: image.sizeBytes }, 'unused image removed');
        } catch (error) {
          log.warn({ image: image.id, error }, 'unused image was not removed');
        }
      }
      if (freed < wanted) log.warn({ wanted, freed }, 'too few unused images to free the disk space that is wanted');
      return freed;
    },
  };
}

async function readDiskSpace(mountpoint: string): Promise<DiskSpace> {
  const { bsize, blocks, bavail } = await statfs(mountpoint);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}
