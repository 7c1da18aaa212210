import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { codeOf } from '../host-linux/run.ts';
import { safeSegments } from './paths.ts';

/** Not among Node's constants: a handle that names a file without opening it for anything. */
const pathOnly = 0o10000000;

/**
 * Opens what a subPath names inside a volume, making folders that are missing. Links inside the volume may lead anywhere
 * inside it; whatever a process in the pod does meanwhile, the handle never names something outside. Close it when done.
 */
export async function openSubPath(volumePath: string, subPath: string): Promise<FileHandle> {
  const root = await realpath(volumePath);
  const segments = safeSegments(subPath);
  if (!segments) throw new Error(`subPath ${JSON.stringify(subPath)} must be inside the volume`);
  const { found, missing } = await resolveExisting(root, segments);
  // From here on no link is followed, so a link put in between makes the walk fail.
  let handle = await open(root, pathOnly | constants.O_DIRECTORY);
  try {
    for (const segment of found) handle = await enter(handle, segment);
    for (const segment of missing) {
      await mkdir(join(pathOf(handle), segment), { mode: 0o750 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      handle = await enter(handle, segment);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** How another process reaches what a handle of ours names. */
export const pathForOthers = (handle: FileHandle): string => `/proc/${process.pid}/fd/${handle.fd}`;

const pathOf = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`;

async function enter(folder: FileHandle, segment: string): Promise<FileHandle> {
  const next = await open(join(pathOf(folder), segment), pathOnly | constants.O_NOFOLLOW);
  const stat = await next.stat();
  if (stat.isSymbolicLink()) {
    await next.close();
    throw new Error(`${segment} has become a link`);
  }
  await folder.close();
  return next;
}

/** The part of the path that exists, with its links resolved, and what is left of it. */
async function resolveExisting(
  root: string,
  segments: readonly string[],
): Promise<{ found: readonly string[]; missing: readonly string[] }> {
  for (let count = segments.length; count > 0; count--) {
    const path = join(root, ...segments.slice(0, count));
    try {
      const real = await realpath(path);
      const inside = relative(root, real);
      // A name may begin with two dots: the folders behind ConfigMap volumes do.
      if (inside === '..' || inside.startsWith('../') || inside.startsWith('/'))
        throw new Error(`subPath ${JSON.stringify(segments.join('/'))} leads out of the volume`);
      return { found: inside === '' ? [] : inside.split('/'), missing: segments.slice(count) };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return { found: [], missing: segments };
}
