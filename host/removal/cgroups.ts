import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { signalProcess, waitUntil } from '../processes/supervised.ts';

const mountRoot = '/sys/fs/cgroup';

/** The cgroup of this name in each hierarchy that has one (many on v1, one on v2). */
export function cgroupFolders(name: string): string[] {
  const v1 = existsSync(mountRoot) ? readdirSync(mountRoot).map((controller) => join(mountRoot, controller, name)) : [];
  return [join(mountRoot, name), ...v1].filter((folder) => existsSync(join(folder, 'cgroup.procs')));
}

/** Kills every process in the cgroup's whole tree, then removes the tree. Returns what could not be removed. */
export async function removeCgroup(name: string, clock: Clock): Promise<string[]> {
  const emptied = await waitUntil(
    () => {
      const pids = cgroupFolders(name).flatMap(processesBelow);
      for (const pid of pids) signalProcess(pid, 'SIGKILL');
      return pids.length === 0;
    },
    clock,
    10_000,
  );
  if (!emptied) return cgroupFolders(name);
  return cgroupFolders(name).filter((folder) => !removeTree(folder));
}

function processesBelow(folder: string): number[] {
  return [folder, ...foldersBelow(folder)].flatMap((each) => {
    try {
      return readFileSync(join(each, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return []; // Removed while we looked.
    }
  });
}

/** Deepest last. */
function foldersBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [join(folder, entry.name), ...foldersBelow(join(folder, entry.name))]);
  } catch {
    return [];
  }
}

function removeTree(folder: string): boolean {
  for (const each of [folder, ...foldersBelow(folder)].reverse()) {
    try {
      rmdirSync(each);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return false;
    }
  }
  return true;
}
