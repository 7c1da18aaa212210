import { completeName } from '#node-agent/images/reference.ts';
import { CliError } from '../../command.ts';
import { listDockerImages, readDockerArchive } from './docker.ts';
import type { ArchiveFile } from './file.ts';
import type { ArchiveImage } from './image.ts';
import { readOciLayout } from './oci.ts';
import { indexTar } from './tar.ts';

/**
 * The images of an archive, each with at least one name. `name` is what the only image is to be called instead of what the
 * archive says. Throws a CliError.
 */
export async function readArchive(file: ArchiveFile, name: string | undefined): Promise<readonly ArchiveImage[]> {
  const entries = await indexTar(file);
  const images = entries.has('index.json')
    ? await withDockerNames(file, entries, await readOciLayout(file, entries))
    : entries.has('manifest.json')
      ? await readDockerArchive(file, entries)
      : undefined;
  if (!images) {
    throw new CliError('this is no image archive: it has neither an index.json nor a manifest.json', {
      fix: 'Make one with: docker save web:1 -o web.tar',
    });
  }
  if (images.length === 0) throw new CliError('the archive has no images');
  return name === undefined ? mustHaveNames(images) : renamed(images, name);
}

function renamed(images: readonly ArchiveImage[], name: string): readonly ArchiveImage[] {
  const complete = completeName(name);
  if (complete === undefined || complete.includes('@')) {
    throw new CliError(`--name must be an image name such as registry.example/web:1, but is ${JSON.stringify(name)}`, {
      exitCode: 2,
    });
  }
  const [only] = images;
  if (only && images.length === 1) return [{ ...only, names: [complete] }];
  const names = images.map(({ names: all, target }) => all[0] ?? target.digest).join(', ');
  throw new CliError(`--name is for an archive with one image, and this one has ${images.length}: ${names}`, {
    fix: 'Leave --name out, or make an archive of one image',
  });
}

function mustHaveNames(images: readonly ArchiveImage[]): readonly ArchiveImage[] {
  const nameless = images.find(({ names }) => names.length === 0);
  if (!nameless) return images;
  throw new CliError(`the archive has no name for the image ${nameless.target.digest}`, {
    fix: 'Say what it is to be called, for example: --name registry.example/web:1',
  });
}

/** Some tools write the names only for Docker. */
async function withDockerNames(
  file: ArchiveFile,
  entries: Awaited<ReturnType<typeof indexTar>>,
  images: readonly ArchiveImage[],
): Promise<readonly ArchiveImage[]> {
  if (images.every(({ names }) => names.length > 0) || !entries.has('manifest.json')) return images;
  const docker = await listDockerImages(file, entries);
  return images.map((image) => {
    if (image.names.length > 0) return image;
    const digests = new Set(image.variants.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)));
    const same = docker.filter(({ config }) => digests.has(config.replace('blobs/sha256/', 'sha256:')));
    return { ...image, names: same.flatMap(({ names }) => names) };
  });
}
