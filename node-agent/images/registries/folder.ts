import { chmod, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Makes a folder hold exactly these files. Each is replaced in one step, keys before what names them, and what is not needed
 * any more goes last: a reader at any moment finds either state.
 */
export async function writeFolder(root: string, files: ReadonlyMap<string, string>): Promise<void> {
  const namedLast = [...files].sort(([a], [b]) => Number(a.endsWith('.toml')) - Number(b.endsWith('.toml')));
  for (const [path, content] of namedLast) await replaceFile(join(root, path), content);
  const kept = new Set([...files.keys()].map((path) => join(root, path)));
  for (const folder of await list(root)) {
    const path = join(root, folder);
    for (const name of await list(path)) if (!kept.has(join(path, name))) await rm(join(path, name), { force: true });
    // Only when it is empty.
    await rmdir(path).catch(() => undefined);
  }
}

/** Only root may read it: there may be keys in it. */
export async function replaceFile(file: string, content: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === content) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
