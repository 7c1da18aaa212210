import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSeededRandom } from '#base/virtual/random.ts';
import { CliError } from '#cli/command.ts';
import { type ArchiveEntry, buildTar } from '#host/images/archive.ts';
import { buildImageArchive } from '#host/images/build.ts';
import { type ArchiveFile, openArchive } from './file.ts';
import { type ArchiveImage, sha256 } from './image.ts';
import { readArchive } from './read.ts';

let folder: string;
const open: ArchiveFile[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-archive-'));
});
afterEach(async () => {
  for (const file of open.splice(0)) await file.close();
  rmSync(folder, { recursive: true });
});

async function read(bytes: Buffer, name?: string): Promise<readonly ArchiveImage[]> {
  const path = join(folder, 'image.tar');
  writeFileSync(path, bytes);
  return readFrom(path, Readable.from([]), name);
}

async function readFrom(path: string, stdin: Readable, name?: string): Promise<readonly ArchiveImage[]> {
  const random = createSeededRandom(1);
  const file = await openArchive({ file: path, stdin, random, signal: new AbortController().signal });
  open.push(file);
  return readArchive(file, name);
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const layerOf = (text: string) => buildTar([{ path: 'file', content: text }]);
const config = (layers: readonly Buffer[], architecture = 'amd64') =>
  json({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: layers.map(sha256) } });

const source = { name: 'example.org/web:1', files: [{ path: 'web', content: 'hello' }] };
const blobs = ([image]: readonly ArchiveImage[], variant = 0) => image?.variants[variant]?.blobs ?? [];
const contentOf = async (images: readonly ArchiveImage[]) => {
  const all = await Promise.all(
    blobs(images).map(async (blob) => Buffer.concat(await Array.fromAsync(blob.stream(0)))),
  );
  return all.map(sha256);
};

describe("an archive in OCI's layout", () => {
  it('has an image with its name, and blobs with what their digests say', async () => {
    const images = await read(await buildImageArchive(source));
    expect(images.map(({ names }) => names)).toEqual([['example.org/web:1']]);
    expect(blobs(images)).toHaveLength(3);
    expect(await contentOf(images)).toEqual(blobs(images).map(({ digest }) => digest));
    expect(blobs(images).at(-1)?.digest).toBe(images[0]?.target.digest);
    for (const blob of blobs(images)) await blob.verify();
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('is read when it is compressed by %s, from a file and from a pipe', async (_, compress) => {
    const bytes = compress(await buildImageArchive(source));
    const fromFile = await read(bytes);
    const pieces = Readable.from([bytes.subarray(0, 2), bytes.subarray(2, 3), bytes.subarray(3)]);
    const fromPipe = await readFrom('-', pieces);
    expect(await contentOf(fromPipe)).toEqual(await contentOf(fromFile));
  });

  it('takes the name that is given, in its complete form', async () => {
    const [image] = await read(await buildImageArchive(source), 'web');
    expect(image?.names).toEqual(['docker.io/library/web:latest']);
    await expect(read(await buildImageArchive(source), 'Web:1')).rejects.toThrow('--name must be an image name');
  });

  it('is refused when a blob was changed', async () => {
    const bytes = await buildImageArchive({ ...source, files: [{ path: 'web', content: 'AAAAAAAAAAAAAAAA' }] });
    bytes.set(Buffer.from('BBBB'), bytes.indexOf('AAAAAAAA'));
    const [layer] = blobs(await read(bytes));
    await expect(layer?.verify()).rejects.toThrow('the archive is damaged');
  });

  it('gives each platform its own variant, and leaves out those whose blobs are not there', async () => {
    const layer = await layerOf('all');
    const of = (architecture: string) => {
      const configured = config([layer], architecture);
      const manifest = json({
        schemaVersion: 2,
        config: { mediaType: 'c', digest: sha256(configured), size: configured.length },
        layers: [{ mediaType: 'l', digest: sha256(layer), size: layer.length }],
      });
      return { configured, manifest, platform: { os: 'linux', architecture } };
    };
    const [amd, arm, absent] = [of('amd64'), of('arm64'), of('s390x')];
    const index = json({
      manifests: [amd, arm, absent].map(({ manifest, platform }) => ({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: sha256(manifest),
        size: manifest.length,
        platform,
      })),
    });
    const top = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: sha256(index),
      size: index.length,
      annotations: { 'org.opencontainers.image.ref.name': 'example.org/multi:1' },
    };
    const stored = [layer, index, ...[amd, arm].flatMap(({ configured, manifest }) => [configured, manifest])];
    const images = await read(
      await buildTar([
        { path: 'index.json', content: json({ manifests: [top] }) },
        ...stored.map((content) => ({ path: `blobs/${sha256(content).replace(':', '/')}`, content })),
      ]),
    );
    expect(images[0]?.names).toEqual(['example.org/multi:1']);
    expect(images[0]?.variants.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
    expect(blobs(images, 1).map(({ digest }) => digest)).toEqual(
      [layer, arm.configured, arm.manifest, index].map(sha256),
    );
  });
});

describe('an archive of docker save', () => {
  const archive = async (change: { compress?: boolean; tags?: string[] | null; entries?: ArchiveEntry[] } = {}) => {
    const layers = [await layerOf('one'), await layerOf('two')];
    const configured = config([...layers, layers[0] ?? Buffer.alloc(0)]);
    const [first = Buffer.alloc(0), second] = layers.map((layer) => (change.compress ? gzipSync(layer) : layer));
    const image = {
      Config: 'abc.json',
      RepoTags: change.tags === undefined ? ['web:1', 'registry.example:5000/web:2'] : change.tags,
      Layers: ['a/layer.tar', 'b/layer.tar', 'c/layer.tar'],
    };
    return buildTar([
      { path: 'a/layer.tar', content: first },
      { path: 'b/layer.tar', content: second },
      // What is there already is a link in such archives.
      { path: 'c/layer.tar', linkTo: '../a/layer.tar' },
      { path: 'abc.json', content: configured },
      { path: 'manifest.json', content: json([image]) },
      ...(change.entries ?? []),
    ]);
  };

  it.each([false, true])('gets a manifest (layers compressed: %s)', async (compress) => {
    const images = await read(await archive({ compress }));
    expect(images[0]?.names).toEqual(['docker.io/library/web:1', 'registry.example:5000/web:2']);
    // The same layer twice is one blob.
    expect(blobs(images)).toHaveLength(4);
    for (const blob of blobs(images)) await blob.verify();
    const manifest = JSON.parse(Buffer.concat(await Array.fromAsync(blobs(images)[3]?.stream(0) ?? [])).toString());
    expect(manifest.layers).toHaveLength(3);
    expect(manifest.layers[0].mediaType).toBe(`application/vnd.oci.image.layer.v1.tar${compress ? '+gzip' : ''}`);
  });

  it('must have a name, or be given one', async () => {
    await expect(read(await archive({ tags: null }))).rejects.toThrow('the archive has no name for the image');
    expect((await read(await archive({ tags: null }), 'web:3'))[0]?.names).toEqual(['docker.io/library/web:3']);
  });
});

describe('what is no image archive', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'it ends in the middle'],
    ['text', Buffer.alloc(2000, 'x'), 'it does not begin as one'],
    ['a cut one', undefined, 'it ends in the middle of an entry'],
  ])('is refused: %s', async (_, bytes, message) => {
    await expect(read(bytes ?? (await buildImageArchive(source)).subarray(0, 3000))).rejects.toThrow(message);
  });

  it('is refused when the tar holds something else, or the input is empty', async () => {
    await expect(read(await buildTar([{ path: 'a', content: 'b' }]))).rejects.toThrow('neither an index.json');
    await expect(readFrom('-', Readable.from([]))).rejects.toThrow('standard input is empty');
    await expect(readFrom(folder, Readable.from([]))).rejects.toThrow('is a folder');
    await expect(readFrom(join(folder, 'none'), Readable.from([]))).rejects.toThrow('cannot be read');
  });

  it('never brings down the reader, whatever bytes were changed', async () => {
    const bytes = await buildImageArchive(source);
    const change = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(change, async (places) => {
        const damaged = Buffer.from(bytes);
        for (const [at, byte] of places) damaged[at] = byte;
        try {
          for (const blob of blobs(await read(damaged))) await blob.verify();
        } catch (error) {
          expect(error).toBeInstanceOf(CliError);
        } finally {
          for (const file of open.splice(0)) await file.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});
