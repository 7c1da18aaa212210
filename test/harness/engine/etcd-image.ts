import { readFile } from 'node:fs/promises';
import { buildImageArchive } from '#host/images/build.ts';
import { requireCommand } from '#host/packages.ts';
import { run } from '../run.ts';
import { ownerLabel } from './client.ts';

/** A name of the run's own: another run on the same engine may remove its image at any time. */
export const etcdImageName = (owner: string): string => `berth.local/test-etcd:${owner}`;

/** The machine's own etcd with the libraries it is linked with, for `docker load`. */
export async function etcdImage(owner: string): Promise<Buffer> {
  const etcd = requireCommand('etcd');
  const paths = [etcd, ...(await librariesOf(etcd))];
  return buildImageArchive({
    name: etcdImageName(owner),
    files: await Promise.all(
      paths.map(async (path) => ({ path: path.slice(1), content: await readFile(path), mode: 0o755 })),
    ),
    entrypoint: [etcd],
    labels: { [ownerLabel]: owner },
  });
}

/** Full paths, the loader too; none for a static program. */
async function librariesOf(program: string): Promise<string[]> {
  const { code, stdout } = await run('ldd', [program]);
  if (code !== 0) return [];
  return [...stdout.matchAll(/(?:^|\s)(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
}
