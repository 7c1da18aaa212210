import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Mount points under any of the folders, deepest first: the order in which they can be unmounted. */
export function mountsUnder(
  folders: readonly string[],
  mountinfo = readFileSync('/proc/self/mountinfo', 'utf8'),
): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map(unescapeOctal)
    .filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)))
    .sort((a, b) => b.split('/').length - a.split('/').length || (a < b ? 1 : -1));
}

/** The kernel writes blanks, tabs, newlines and backslashes in paths as \040 and the like. */
const unescapeOctal = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Lazily, so that one busy mount does not keep all the others. Repeats while mounts lie over each other. */
export function unmountAll(folders: readonly string[]): string[] {
  for (let round = 0; round < 8; round++) {
    const points = mountsUnder(folders);
    if (points.length === 0) return [];
    for (const point of points) spawnSync('umount', ['-l', point]);
  }
  return mountsUnder(folders);
}
