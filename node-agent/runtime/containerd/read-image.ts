import {
  choosePlatform,
  formatPlatform,
  isIndexType,
  jsonBytesMax,
  type Platform,
  parseConfig,
  parseIndex,
  parseManifest,
} from '../../images/manifests.ts';
import { ImageStoreError } from '../../images/store.ts';
import type { Descriptor } from '../../images/transfer.ts';
import type { Content } from './content.ts';

/** An image in the content store, for one platform, all of whose blobs are there. */
export interface StoredImage {
  readonly manifest: Descriptor;
  /** Digest. */
  readonly config: string;
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly string[];
}

/** Rejects with an ImageStoreError when something is missing, contradictory, or for other machines. */
export async function readImage(
  content: Content,
  target: Descriptor,
  architecture: string,
  signal: AbortSignal,
): Promise<StoredImage> {
  const manifest = isIndexType(target.mediaType) ? await chooseManifest(content, target, architecture, signal) : target;
  const { config, layers } = await readJson(content, manifest, 'the manifest', parseManifest, signal);
  const { platform, diffIds } = await readJson(content, config, 'the configuration', parseConfig, signal);
  if (platform && (platform.os !== 'linux' || platform.architecture !== architecture)) {
    throw wrongPlatform([platform], architecture);
  }
  for (const layer of layers) await mustHave(content, layer, 'a layer', signal);
  return { manifest, config: config.digest, layers, diffIds };
}

async function chooseManifest(
  content: Content,
  index: Descriptor,
  architecture: string,
  signal: AbortSignal,
): Promise<Descriptor> {
  const entries = await readJson(content, index, 'the index', parseIndex, signal);
  const chosen = choosePlatform(entries, architecture);
  if (chosen) return chosen;
  throw wrongPlatform(
    entries.flatMap(({ platform }) => platform ?? []),
    architecture,
  );
}

async function mustHave(content: Content, blob: Descriptor, what: string, signal: AbortSignal): Promise<void> {
  const found = await content.info(blob.digest, signal);
  if (!found) throw new ImageStoreError('incomplete', `${what} (${blob.digest}) is not on this node`);
  if (found.size !== blob.size) {
    throw new ImageStoreError('damaged', `${what} (${blob.digest}) has ${found.size} bytes, not ${blob.size}`);
  }
}

async function readJson<T>(
  content: Content,
  blob: Descriptor,
  what: string,
  parse: (bytes: Uint8Array, what: string) => T,
  signal: AbortSignal,
): Promise<T> {
  await mustHave(content, blob, what, signal);
  const bytes = await content.read(blob.digest, jsonBytesMax, signal);
  try {
    return parse(bytes, `${what} (${blob.digest})`);
  } catch (error) {
    throw new ImageStoreError('damaged', error instanceof Error ? error.message : String(error), error);
  }
}

const wrongPlatform = (platforms: readonly Platform[], architecture: string): ImageStoreError =>
  new ImageStoreError(
    'platform',
    `the image is for ${platforms.map(formatPlatform).join(', ') || 'no platform'}, and this node is linux/${architecture}`,
  );

type Labels = Readonly<Record<string, string>>;

/** What keeps each part for as long as the one above it is kept: containerd's garbage collector follows these labels. */
export function labelsOf(
  { manifest, config, layers }: StoredImage,
  target: Descriptor,
  snapshot: string | undefined,
): readonly (readonly [string, Labels])[] {
  const parts: [string, string][] = [
    ['containerd.io/gc.ref.content.config', config],
    ...layers.map(({ digest }, index): [string, string] => [`containerd.io/gc.ref.content.l.${index}`, digest]),
  ];
  return [
    ...(snapshot === undefined ? [] : [[config, { 'containerd.io/gc.ref.snapshot.overlayfs': snapshot }] as const]),
    [manifest.digest, Object.fromEntries(parts)],
    ...(target.digest === manifest.digest
      ? []
      : [[target.digest, { 'containerd.io/gc.ref.content.m.0': manifest.digest }] as const]),
  ];
}
