import { readFile } from 'node:fs/promises';
import { runProgram } from './run.ts';

export interface MountPoint {
  readonly path: string;
  readonly type: string;
}

/** Mount points in the order in which they were mounted. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [head, tail] = line.split(' - ');
    const path = head?.split(' ')[4];
    const type = tail?.split(' ')[0];
    return path && type ? [{ path: unescapePath(path), type }] : [];
  });
}

/** Space, tab, newline and backslash are written as octal in mountinfo. */
const unescapePath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export const readMounts = async (): Promise<readonly MountPoint[]> =>
  parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));

export const isUnder = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Unmounts everything at or below a folder, the last one first. Throws when something stays mounted. */
export async function unmountUnder(folder: string): Promise<void> {
  const mounted = (await readMounts()).filter(({ path }) => isUnder(path, folder)).map(({ path }) => path);
  if (mounted.length === 0) return;
  for (const path of mounted.toReversed()) {
    // A process that still has a file open there must not keep the pod from ending.
    await runProgram('umount', [path]).catch(() => runProgram('umount', ['--lazy', path]));
  }
  const left = (await readMounts()).filter(({ path }) => isUnder(path, folder));
  if (left.length > 0) throw new Error(`still mounted: ${left.map(({ path }) => path).join(', ')}`);
}
