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

interface LogFile {
  readonly path: string;
  readonly inode: bigint;
}

/** Each try fails only when the log was rotated between two system calls. */
const rotationRaceTriesMax = 20;

/**
 * All files of a log, oldest first, as they stood at one moment: a rotation while we look shows as a new name, and
 * then we look again. The newest may be missing, between its rename and the runtime's opening of the next one.
 */
async function listFiles(path: string): Promise<LogFile[]> {
  for (let tries = 1; ; tries += 1) {
    const rotated = await listRotated(path);
    const files = await Promise.all([...rotated, path].map(describe));
    const again = await listRotated(path);
    if (again.join('/') === rotated.join('/') || tries === rotationRaceTriesMax) {
      return files.filter((file) => file !== undefined);
    }
  }
}

/** Opens the file that `choose` picks; undefined when it picks none. */
async function openChosen(
  path: string,
  choose: (files: readonly LogFile[]) => LogFile | undefined,
): Promise<OpenLog | undefined> {
  for (let tries = 0; tries < rotationRaceTriesMax; tries += 1) {
    const chosen = choose(await listFiles(path));
    if (!chosen) return undefined;
    const handle = await open(chosen.path, 'r').catch(ignoreMissing);
    if (!handle) continue;
    const { ino, birthtimeMs } = await handle.stat({ bigint: true });
    if (ino === chosen.inode) return { handle, inode: ino, createdAtMs: Number(birthtimeMs) };
    await handle.close();
  }
  return undefined;
}

export const openOldest = (path: string): Promise<OpenLog | undefined> => openChosen(path, (files) => files[0]);

export const openNewest = (path: string): Promise<OpenLog | undefined> => openChosen(path, (files) => files.at(-1));

const neighbour =
  (inode: bigint, step: 1 | -1) =>
  (files: readonly LogFile[]): LogFile | undefined => {
    const own = files.findIndex((file) => file.inode === inode);
    return own + step < 0 ? undefined : files[own + step];
  };

/**
 * The file that was begun after `inode`; the oldest there is when `inode` is gone, since more was rotated away than is
 * kept. Undefined when `inode` is the newest.
 */
export const openNext = (path: string, inode: bigint): Promise<OpenLog | undefined> =>
  openChosen(path, neighbour(inode, 1));

/** The file that was written before `inode`. */
export const openPrevious = (path: string, inode: bigint): Promise<OpenLog | undefined> =>
  openChosen(path, neighbour(inode, -1));

async function describe(path: string): Promise<LogFile | undefined> {
  const found = await stat(path, { bigint: true }).catch(ignoreMissing);
  return found && { path, inode: found.ino };
}

export function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
