import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { CliError } from '../command.ts';
import { mustRunRemote, type RemoteSide } from './remote.ts';

/** A file or a folder with all that is in it. `warn` is told what is left out. */
export async function download(
  side: RemoteSide,
  from: string,
  to: string,
  warn: (line: string) => void,
): Promise<void> {
  const root = posix.normalize(from).replace(/^\/+|\/+$/g, '');
  const intoFolder = await isDirectory(to);
  const archive = extract();
  const saving = (async () => {
    for await (const entry of archive) {
      const { name, type, linkname, mode } = entry.header;
      const place = placeOf(name, root);
      if (place === undefined) throw new CliError(`the archive from the container names a path outside of it: ${name}`);
      // A single file goes into a folder that is there; a folder's content goes in itself.
      const path = place === '' && type === 'file' && intoFolder ? join(to, posix.basename(root)) : join(to, place);
      if (type === 'directory') await mkdir(path, { recursive: true });
      else if (type === 'file' || type === 'contiguous-file') {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path, { mode: (mode ?? 0o644) & 0o777 }));
        continue;
      } else warn(`warning: skipping ${type}: ${name}${linkname ? ` -> ${linkname}` : ''}`);
      entry.resume();
    }
  })();
  const write = async (data: Buffer): Promise<void> => {
    if (!archive.write(data)) await Promise.race([once(archive, 'drain'), saving]);
  };
  try {
    await mustRunRemote(side, ['tar', 'cf', '-', from], { stdout: write });
    archive.end(null);
    await saving;
  } finally {
    archive.destroy();
    // Its failure is told already, or is that of the archive that is cut off here.
    saving.catch(() => undefined);
  }
}

/** Below `root`, which tar writes without its leading slash; undefined for what would lie elsewhere. */
export function placeOf(name: string, root: string): string | undefined {
  if (name.split('/').includes('..') || name.startsWith('/')) return undefined;
  const path = posix.normalize(name).replace(/\/+$/, '');
  if (root === '' || root === '.') return path === '.' ? '' : path;
  if (path === root) return '';
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
}

const isDirectory = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
