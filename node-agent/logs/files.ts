/** One container's log is a file and the files that it was before it was rotated: `0.log`, `0.log.20260102-150405.123`, … */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const rotatedPattern = /^\.\d{8}-\d{6}\.\d{3}$/;

/** `0.log` at 2026-01-02 15:04:05.123 UTC becomes `0.log.20260102-150405.123`, which sorts by time. */
export function rotatedName(path: string, nowMs: number): string {
  const iso = new Date(nowMs).toISOString();
  return `${path}.${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}.${iso.slice(20, 23)}`;
}

/** Oldest first, without the file that is written now. Empty when the folder is gone. */
export async function listRotated(path: string): Promise<string[]> {
  const base = basename(path);
  const names = await readdir(dirname(path)).catch(ignoreMissing);
  return (names ?? [])
    .filter((name) => name.startsWith(base) && rotatedPattern.test(name.slice(base.length)))
    .sort()
    .map((name) => join(dirname(path), name));
}

/** An open file, known by what it is and not by its name, which changes. */
export interface OpenLog {
  readonly handle: FileHandle;
  readonly inode: bigint;
  readonly createdAtMs: number;
}

export async function openLog(path: string): Promise<OpenLog | undefined> {
  const handle = await open(path, 'r').catch(ignoreMissing);
  if (!handle) return undefined;
  const { ino, birthtimeMs } = await handle.stat({ bigint: true });
  return { handle, inode: ino, createdAtMs: Number(birthtimeMs) };
}

/**
 * The file that was begun after `inode`; the oldest there is when `inode` is gone, since more was rotated away than is
 * kept. Undefined when `inode` is the newest.
 */
export async function openNext(path: string, inode: bigint): Promise<OpenLog | undefined> {
  for (let tries = 0; tries < rotationRaceTriesMax; tries += 1) {
    const paths = [...(await listRotated(path)), path];
    const inodes = await Promise.all(paths.map(inodeOf));
    const own = inodes.indexOf(inode);
    const next = paths[own + 1];
    if (own === paths.length - 1 || next === undefined) return undefined;
    const opened = await openLog(next);
    if (opened && opened.inode === inodes[own + 1]) return opened;
    await opened?.handle.close();
    // Between the rename and the runtime's opening of a new file there is none.
    if (inodes[own + 1] === undefined) return undefined;
  }
  return undefined;
}

/** Each try fails only when the log was rotated between two system calls. */
const rotationRaceTriesMax = 5;

const inodeOf = async (path: string): Promise<bigint | undefined> =>
  (await stat(path, { bigint: true }).catch(ignoreMissing))?.ino;

export function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
