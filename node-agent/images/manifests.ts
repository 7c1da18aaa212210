/** Reading the JSON of images: indexes, manifests, configurations. All input is hostile. */
import { isJsonObject } from '#api/schema/record.ts';
import { type Descriptor, isDescriptor, isDigest } from './transfer.ts';

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

/** As in image configurations: `linux`, `amd64`, `v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

export interface IndexEntry extends Descriptor {
  readonly platform: Platform | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The largest manifest, index or configuration that is read. Registries allow as much. */
export const jsonBytesMax = 4 * 2 ** 20;
const entriesMax = 1000;

export const isIndexType = (mediaType: string): boolean =>
  mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;

/** Throws an Error that says what is wrong with it. */
export function parseIndex(bytes: Uint8Array, what: string): readonly IndexEntry[] {
  const { manifests } = parse(bytes, what);
  if (!Array.isArray(manifests) || manifests.length > entriesMax) throw new Error(`${what} lists no manifests`);
  return manifests.map((one: unknown) => {
    if (!isDescriptor(one)) throw new Error(`${what} has an entry without media type, sha256 digest and size`);
    const { mediaType, digest, size } = one;
    return {
      mediaType,
      digest,
      size,
      platform: platformOf(Reflect.get(one, 'platform')),
      annotations: textsOf(Reflect.get(one, 'annotations')),
    };
  });
}

/** Throws an Error that says what is wrong with it. */
export function parseManifest(bytes: Uint8Array, what: string): Manifest {
  const { config, layers } = parse(bytes, what);
  if (!isDescriptor(config)) throw new Error(`${what} has no configuration`);
  if (!Array.isArray(layers) || layers.length > entriesMax || !layers.every(isDescriptor)) {
    throw new Error(`${what} has a layer without media type, sha256 digest and size`);
  }
  const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });
  return { config: plain(config), layers: layers.map(plain) };
}

export interface ImageConfig {
  readonly platform: Platform | undefined;
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIds: readonly string[];
}

/** Throws an Error that says what is wrong with it. */
export function parseConfig(bytes: Uint8Array, what: string): ImageConfig {
  const config = parse(bytes, what);
  const diffIds: unknown = isJsonObject(config.rootfs) ? config.rootfs.diff_ids : undefined;
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) throw new Error(`${what} does not name its layers`);
  return { platform: platformOf(config), diffIds };
}

function parse(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Error(`${what} is not JSON`, { cause });
  }
  if (!isJsonObject(value)) throw new Error(`${what} is not a JSON object`);
  return value;
}

function platformOf(value: unknown): Platform | undefined {
  if (!isJsonObject(value) || typeof value.os !== 'string' || typeof value.architecture !== 'string') return undefined;
  const { os, architecture, variant } = value;
  return { os, architecture, ...(typeof variant === 'string' && variant !== '' && { variant }) };
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** `process.arch` → the name in images. */
export const imageArchitecture = (arch: string): string => ({ x64: 'amd64', ia32: '386' })[arch] ?? arch;

/** `linux/arm/v7`. */
export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant ? [variant] : [])].join('/');

/**
 * The entry that runs on a Linux machine of this architecture; without any platform written, the only one there is.
 * Of several variants the newest: machines of the oldest ones do not run containerd.
 */
export function choosePlatform<T extends { readonly platform: Platform | undefined }>(
  entries: readonly T[],
  architecture: string,
): T | undefined {
  const fitting = entries.filter(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture);
  const only = entries.length === 1 && entries[0]?.platform === undefined ? entries[0] : undefined;
  const newestFirst = fitting.toSorted((a, b) =>
    (b.platform?.variant ?? '').localeCompare(a.platform?.variant ?? '', 'en', { numeric: true }),
  );
  return newestFirst[0] ?? only;
}
