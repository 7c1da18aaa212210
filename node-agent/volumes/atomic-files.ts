import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { safeSegments } from './paths.ts';
import type { VolumeFile } from './plan.ts';

/** Points at the folder that holds the present contents. */
const dataLink = '..data';
const dataLinkNew = '..data_tmp';

/**
 * Makes `folder` show exactly `files`, all at once: readers see the old contents or the new, never a mixture. The files
 * lie in a folder of their own behind the link `..data`; names in `folder` are links through it. Returns whether
 * anything was written.
 */
export async function writeFilesAtomically(
  folder: string,
  files: readonly VolumeFile[],
  fsGroup: number | undefined,
): Promise<boolean> {
  for (const { path } of files)
    if (!safeSegments(path) || path.startsWith('..')) throw new Error(`invalid path ${JSON.stringify(path)}`);
  const current = await readlink(join(folder, dataLink)).catch(() => undefined);
  if (current !== undefined && (await holds(join(folder, current), files))) {
    await linkNames(folder, files);
    return false;
  }
  const fresh = await mkdtemp(join(folder, '..gen_'));
  await chmod(fresh, 0o755);
  for (const file of files) await writeOne(fresh, file, fsGroup);
  await giveTo(fresh, fsGroup);
  await rm(join(folder, dataLinkNew), { force: true });
  await symlink(fresh.slice(folder.length + 1), join(folder, dataLinkNew));
  await rename(join(folder, dataLinkNew), join(folder, dataLink));
  await linkNames(folder, files);
  await removeOld(folder, fresh.slice(folder.length + 1));
  return true;
}

async function writeOne(folder: string, file: VolumeFile, fsGroup: number | undefined): Promise<void> {
  const path = join(folder, file.path);
  const parent = dirname(path);
  if (parent !== folder) {
    await mkdir(parent, { recursive: true, mode: 0o755 });
    for (let one = parent; one !== folder; one = dirname(one)) await giveTo(one, fsGroup);
  }
  await writeFile(path, file.data, { flag: 'wx' });
  // The mode that writeFile takes is cut by the umask.
  await chmod(path, fsGroup === undefined ? file.mode : file.mode | 0o440);
  await giveTo(path, fsGroup);
}

async function giveTo(path: string, group: number | undefined): Promise<void> {
  if (group !== undefined) await chown(path, 0, group);
}

/** Whether a folder holds these files and no others. */
async function holds(folder: string, files: readonly VolumeFile[]): Promise<boolean> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    if (entries.filter((entry) => !entry.isDirectory()).length !== files.length) return false;
    for (const file of files) {
      const path = join(folder, file.path);
      const [data, { mode }] = await Promise.all([readFile(path), lstat(path)]);
      if (!data.equals(file.data) || (mode & file.mode) !== file.mode) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** One link for each name at the top; links to what is no longer there go. */
async function linkNames(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split('/')[0] ?? path));
  const present = new Set((await readdir(folder)).filter((name) => !name.startsWith('..')));
  for (const name of wanted) if (!present.has(name)) await symlink(join(dataLink, name), join(folder, name));
  for (const name of present) if (!wanted.has(name)) await rm(join(folder, name), { recursive: true, force: true });
}

async function removeOld(folder: string, current: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('..gen_') && name !== current) await rm(join(folder, name), { recursive: true, force: true });
}
