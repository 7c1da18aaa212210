import { type lstat, mkdir, open, stat } from 'node:fs/promises';
import { codeOf } from '../host-linux/run.ts';
import { VolumeError } from '../pods/errors.ts';
import type { HostPathType } from './plan.ts';

type Stats = Awaited<ReturnType<typeof lstat>>;

/** What each type must be, in the words of the error when it is not. */
const checks: Readonly<Partial<Record<HostPathType, readonly [(stats: Stats) => boolean, string]>>> = {
  DirectoryOrCreate: [(stats) => stats.isDirectory(), 'a directory'],
  Directory: [(stats) => stats.isDirectory(), 'a directory'],
  FileOrCreate: [(stats) => stats.isFile(), 'a file'],
  File: [(stats) => stats.isFile(), 'a file'],
  Socket: [(stats) => stats.isSocket(), 'a socket file'],
  CharDevice: [(stats) => stats.isCharacterDevice(), 'a character device'],
  BlockDevice: [(stats) => stats.isBlockDevice(), 'a block device'],
};

/** Makes what may be made, and checks that the path is what its type says. Throws a VolumeError. */
export async function checkHostPath(volume: string, path: string, type: HostPathType): Promise<void> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 }).catch(() => undefined);
  if (type === 'FileOrCreate') {
    const handle = await open(path, 'a', 0o644).catch(() => undefined);
    await handle?.close();
  }
  const check = checks[type];
  if (!check) return;
  const [fits, what] = check;
  try {
    if (fits(await stat(path))) return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR')
      throw new VolumeError(volume, `hostPath: ${path}`, error);
  }
  throw new VolumeError(volume, `hostPath type check failed: ${path} is not ${what}`);
}
