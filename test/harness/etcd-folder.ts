/** Data folders of the tests' etcds, named after the run, so that those of killed runs can be told and removed. */
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killProgramsOf } from './engine/daemon-traces.ts';
import { isOwnerAlive, ownerPattern } from './engine/owner.ts';

const prefix = 'berth-etcd-';
const memory = '/dev/shm';
/** etcd alone reserves 64 MiB for its log, twice. */
const memoryBytesMin = 1024 ** 3;

/** In memory where there is enough of it: syncing costs nothing there. Not every etcd knows --unsafe-no-fsync. */
export async function makeEtcdFolder(owner: string): Promise<string> {
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  return mkdtemp(join(bavail * bsize > memoryBytesMin ? memory : tmpdir(), `${prefix}${owner}-`));
}

/** Ends the etcds that killed runs have left behind as processes, and removes their data. */
export async function sweepEtcdFolders(): Promise<void> {
  for (const parent of [memory, tmpdir()]) {
    for (const name of namesIn(parent)) {
      const owner = name.slice(prefix.length, name.lastIndexOf('-'));
      const folder = join(parent, name);
      const isOurs = lstatSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.();
      if (!isOurs || !ownerPattern.test(owner) || isOwnerAlive(owner)) continue;
      await killProgramsOf(folder);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent).filter((name) => name.startsWith(prefix));
  } catch {
    return []; // Not every machine has a /dev/shm.
  }
}
