import { once } from 'node:events';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { type Pack, pack } from 'tar-stream';
import { CliError } from '../command.ts';
import { isRemoteDirectory, mustRunRemote, type RemoteSide } from './remote.ts';

/** A file or a folder with all that is in it. Into `to` when that is a folder already, as `to` otherwise. */
export async function upload(side: RemoteSide, from: string, to: string, preserve: boolean): Promise<void> {
  const stat = await lstat(from).catch(() => {
    throw new CliError(`${from} does not exist in local filesystem`);
  });
  const trimmed = to.length > 1 ? to.replace(/\/+$/, '') : to;
  const target = (await isRemoteDirectory(side, to)) ? posix.join(trimmed, basename(from)) : trimmed;
  const archive = pack();
  const packing = packTree(archive, from, posix.basename(target), stat).then(() => archive.finalize());
  // What breaks off the command ends the packing too, and is what we tell.
  packing.catch((error: unknown) => archive.destroy(error instanceof Error ? error : undefined));
  const owner = preserve ? [] : ['--no-same-permissions', '--no-same-owner'];
  const folder = dirname(target);
  try {
    await mustRunRemote(side, ['tar', ...owner, '-xmf', '-', '-C', folder], { stdin: bytesOf(archive) });
    await packing;
  } finally {
    archive.destroy();
  }
}

async function* bytesOf(archive: Pack): AsyncGenerator<Buffer> {
  for await (const chunk of archive) if (chunk instanceof Uint8Array) yield Buffer.from(chunk);
}

/** Files, folders and symbolic links; sockets, devices and pipes have no content to copy. */
async function packTree(archive: Pack, path: string, name: string, stat: Stats): Promise<void> {
  const header = { name, mode: stat.mode & 0o7777, mtime: stat.mtime, uid: stat.uid, gid: stat.gid };
  if (stat.isDirectory()) {
    archive.entry({ ...header, type: 'directory' });
    for (const child of (await readdir(path)).sort()) {
      const childPath = join(path, child);
      await packTree(archive, childPath, posix.join(name, child), await lstat(childPath));
    }
  } else if (stat.isSymbolicLink()) {
    archive.entry({ ...header, type: 'symlink', linkname: await readlink(path) });
  } else if (stat.isFile()) {
    const entry = archive.entry({ ...header, type: 'file', size: stat.size });
    // A file that grows meanwhile is copied as long as it was.
    if (stat.size > 0) {
      for await (const chunk of createReadStream(path, { end: stat.size - 1 })) {
        if (!entry.write(chunk)) await once(entry, 'drain');
      }
    }
    entry.end(null);
  }
}
