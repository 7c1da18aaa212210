/** Archives in OCI's image layout; `docker save` has written them too since Docker 25. */
import { messageOf } from '#base/error-message.ts';
import {
  type IndexEntry,
  isIndexType,
  jsonBytesMax,
  mediaTypes,
  parseConfig,
  parseIndex,
  parseManifest,
} from '#node-agent/images/manifests.ts';
import { completeName } from '#node-agent/images/reference.ts';
import type { Descriptor } from '#node-agent/images/transfer.ts';
import { CliError } from '../../command.ts';
import type { ArchiveFile } from './file.ts';
import { type ArchiveImage, type Blob, blobInFile, blobInMemory, type ImageVariant } from './image.ts';
import type { TarEntry } from './tar.ts';

type Entries = ReadonlyMap<string, TarEntry>;

/** Images of `index.json`. Throws a CliError that says what is wrong with it. */
export async function readOciLayout(file: ArchiveFile, entries: Entries): Promise<readonly ArchiveImage[]> {
  const reader = createReader(file, entries);
  const index = await reader.file('index.json', parseIndex);
  const images: ArchiveImage[] = [];
  for (const group of groupByName(index)) images.push(await readGroup(reader, group));
  return images;
}

interface Group {
  readonly names: readonly string[];
  readonly entries: readonly IndexEntry[];
}

/** Several manifests of one name are the platforms of one image. */
function groupByName(index: readonly IndexEntry[]): Group[] {
  const named = index.map((entry) => ({ entry, name: nameOf(entry) }));
  const byName = Map.groupBy(named, ({ name, entry }) => name ?? (entry.platform ? 'platforms' : entry.digest));
  const groups = [...byName.values()].map((members) => ({
    names: members[0]?.name === undefined ? [] : [members[0].name],
    entries: members.map(({ entry }) => entry),
  }));
  // One image under several names is sent once.
  const byTarget = Map.groupBy(groups, ({ entries }) => entries.map(({ digest }) => digest).join());
  return [...byTarget.values()].map((same) => ({
    names: same.flatMap(({ names }) => names),
    entries: same[0]?.entries ?? [],
  }));
}

function nameOf({ annotations }: IndexEntry): string | undefined {
  const full = annotations['io.containerd.image.name'];
  if (full !== undefined) return completeName(full);
  const name = annotations['org.opencontainers.image.ref.name'];
  // A bare tag is no name.
  return name !== undefined && /[:/]/.test(name) ? completeName(name) : undefined;
}

async function readGroup(reader: Reader, { names, entries }: Group): Promise<ArchiveImage> {
  const [only] = entries;
  if (only && entries.length === 1) return { names, target: plain(only), variants: await readTarget(reader, only) };
  // The archive's own index may hold other images, so this one gets an index of its own.
  const manifests = entries.map(({ mediaType, digest, size, platform }) => ({ mediaType, digest, size, platform }));
  const text = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const index = blobInMemory(mediaTypes.ociIndex, Buffer.from(text));
  const variants: ImageVariant[] = [];
  for (const entry of entries) {
    if (!isIndexType(entry.mediaType) && reader.has(entry)) variants.push(await readVariant(reader, entry, [index]));
  }
  return { names, target: plain(index), variants };
}

async function readTarget(reader: Reader, target: IndexEntry): Promise<readonly ImageVariant[]> {
  if (!isIndexType(target.mediaType)) return [await readVariant(reader, target, [])];
  const index = reader.blob(target, 'the index');
  const variants: ImageVariant[] = [];
  for (const entry of await reader.json(target, 'the index', parseIndex)) {
    // An archive need not have all that its index names, and attestations are no images.
    const isImage = entry.platform === undefined || entry.platform.os !== 'unknown';
    if (isImage && reader.has(entry)) variants.push(await readVariant(reader, entry, [index]));
  }
  return variants;
}

async function readVariant(reader: Reader, entry: IndexEntry, above: readonly Blob[]): Promise<ImageVariant> {
  const { config, layers } = await reader.json(entry, 'the manifest', parseManifest);
  const { platform } = await reader.json(config, 'the configuration', parseConfig);
  const blobs = [
    ...layers.map((layer) => reader.blob(layer, 'a layer')),
    reader.blob(config, 'the configuration'),
    reader.blob(entry, 'the manifest'),
    ...above,
  ];
  return { platform: entry.platform ?? platform, blobs: eachOnce(blobs) };
}

const eachOnce = (blobs: readonly Blob[]): Blob[] => [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];

const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });

interface Reader {
  has(descriptor: Descriptor): boolean;
  blob(descriptor: Descriptor, what: string): Blob;
  json<T>(descriptor: Descriptor, what: string, parse: (bytes: Uint8Array, what: string) => T): Promise<T>;
  file<T>(path: string, parse: (bytes: Uint8Array, what: string) => T): Promise<T>;
}

function createReader(file: ArchiveFile, entries: Entries): Reader {
  const blobs = new Map<string, Blob>();
  const entryOf = ({ digest }: Descriptor) => entries.get(`blobs/${digest.replace(':', '/')}`);
  const parseAs = async <T>(
    { offset, size }: TarEntry,
    what: string,
    parse: (bytes: Uint8Array, what: string) => T,
  ): Promise<T> => {
    if (size > jsonBytesMax) throw damaged(`${what} has ${size} bytes`);
    try {
      return parse(await file.readAt(offset, size), what);
    } catch (error) {
      throw damaged(messageOf(error));
    }
  };
  const blob = (descriptor: Descriptor, what: string): Blob => {
    const known = blobs.get(descriptor.digest);
    if (known) return known;
    const { mediaType, digest, size } = descriptor;
    const entry = entryOf(descriptor);
    if (!entry) throw damaged(`${what} (${digest}) is not in it`);
    if (entry.size !== size) throw damaged(`${what} (${digest}) has ${entry.size} bytes, not ${size}`);
    const made = blobInFile(file, entry, { mediaType, digest });
    blobs.set(digest, made);
    return made;
  };
  return {
    has: (descriptor) => entryOf(descriptor) !== undefined,
    blob,
    async json(descriptor, what, parse) {
      // What decides on all the rest is checked before it is believed.
      await blob(descriptor, what).verify();
      const entry = entryOf(descriptor);
      if (!entry) throw damaged(`${what} is not in it`);
      return parseAs(entry, `${what} (${descriptor.digest})`, parse);
    },
    async file(path, parse) {
      const entry = entries.get(path);
      if (!entry) throw damaged(`${path} is not in it`);
      return parseAs(entry, path, parse);
    },
  };
}

const damaged = (why: string): CliError => new CliError(`the archive cannot be used: ${why}`);
