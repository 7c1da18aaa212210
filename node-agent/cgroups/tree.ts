import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, exists } from '../host-linux/run.ts';

/** cgroup v2 carries the controllers. A hybrid machine (v1 with an empty v2 beside it) counts as v1. */
export const hasUnifiedCgroups = (): Promise<boolean> => exists('/sys/fs/cgroup/cgroup.controllers');

/** Removes a group and the groups below it, the deepest first. Groups with processes make it reject with EBUSY. */
export async function removeGroups(folder: string): Promise<void> {
  let entries: readonly { readonly name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) if (entry.isDirectory()) await removeGroups(join(folder, entry.name));
  await rmdir(folder).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

export async function listGroups(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
