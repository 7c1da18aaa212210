/** What `docker save` wrote before Docker 25, and what other builders call a Docker archive. */
import { isJsonObject } from '#api/schema/record.ts';
import { messageOf } from '#base/error-message.ts';
import { jsonBytesMax, mediaTypes, parseConfig } from '#node-agent/images/manifests.ts';
import { completeName } from '#node-agent/images/reference.ts';
import { CliError } from '../../command.ts';
import type { ArchiveFile } from './file.ts';
import { type ArchiveImage, type Blob, blobInFile, blobInMemory, digestOf } from './image.ts';
import type { TarEntry } from './tar.ts';

type Entries = ReadonlyMap<string, TarEntry>;

interface DockerImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly names: readonly string[];
}

/** Images of `manifest.json`, each with a manifest that is written here: the archive has none. Throws a CliError. */
export async function readDockerArchive(file: ArchiveFile, entries: Entries): Promise<readonly ArchiveImage[]> {
  const images: ArchiveImage[] = [];
  for (const image of await listDockerImages(file, entries)) images.push(await readImage(file, entries, image));
  return images;
}

async function readImage(file: ArchiveFile, entries: Entries, image: DockerImage): Promise<ArchiveImage> {
  const bytes = await readSmall(file, entries, image.config);
  const config = blobInMemory(mediaTypes.ociConfig, bytes);
  const { platform, diffIds } = attempt(() => parseConfig(bytes, image.config));
  if (diffIds.length !== image.layers.length) {
    throw damaged(`${image.config} names ${diffIds.length} layers, and manifest.json ${image.layers.length}`);
  }
  const layers: Blob[] = [];
  for (const [index, path] of image.layers.entries()) {
    layers.push(await readLayer(file, entries, path, diffIds[index] ?? ''));
  }
  const describe = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });
  const manifest = blobInMemory(
    mediaTypes.ociManifest,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: describe(config),
        layers: layers.map(describe),
      }),
    ),
  );
  const once = [...new Map([...layers, config, manifest].map((blob) => [blob.digest, blob])).values()];
  return { names: image.names, target: describe(manifest), variants: [{ platform, blobs: once }] };
}

/** A layer as it was on the disk has the digest that the configuration names; a compressed one must be read for it. */
async function readLayer(file: ArchiveFile, entries: Entries, path: string, diffId: string): Promise<Blob> {
  const entry = mustFind(entries, path);
  const magic = await file.readAt(entry.offset, Math.min(entry.size, 2));
  const isGzip = magic[0] === 0x1f && magic[1] === 0x8b;
  if (!isGzip) return blobInFile(file, entry, { mediaType: mediaTypes.ociLayer, digest: diffId });
  return blobInFile(file, entry, { mediaType: mediaTypes.ociLayerGzip, digest: await digestOf(file, entry) });
}

/** Throws a CliError when `manifest.json` is not what it should be. */
export async function listDockerImages(file: ArchiveFile, entries: Entries): Promise<readonly DockerImage[]> {
  const bytes = await readSmall(file, entries, 'manifest.json');
  const images: unknown = attempt(() => JSON.parse(bytes.toString('utf8')));
  if (!Array.isArray(images)) throw damaged('manifest.json is not a list');
  return images.map((one: unknown) => {
    if (!isJsonObject(one) || typeof one.Config !== 'string' || !isTexts(one.Layers)) {
      throw damaged('manifest.json has an image without configuration and layers');
    }
    const tags = isTexts(one.RepoTags) ? one.RepoTags : [];
    return { config: one.Config, layers: one.Layers, names: tags.flatMap((tag) => completeName(tag) ?? []) };
  });
}

async function readSmall(file: ArchiveFile, entries: Entries, path: string): Promise<Buffer> {
  const { offset, size } = mustFind(entries, path);
  if (size > jsonBytesMax) throw damaged(`${path} has ${size} bytes`);
  return file.readAt(offset, size);
}

function mustFind(entries: Entries, path: string): TarEntry {
  const entry = entries.get(path);
  if (!entry) throw damaged(`${path} is not in it`);
  return entry;
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw damaged(messageOf(error));
  }
}

const damaged = (why: string): CliError => new CliError(`the archive cannot be used: ${why}`);
