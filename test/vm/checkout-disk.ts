import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/**
 * A disk with this checkout as a machine of a user has it after `npm ci --omit=dev`: what git knows, what was generated,
 * and the packages that the program needs. Uncommitted changes are on it too.
 */
export async function buildCheckoutDisk(file: string): Promise<void> {
  const folder = `${file}.d`;
  mkdirSync(folder, { recursive: true });
  const { stdout } = await exec('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 16 * 1024 ** 2,
  });
  const copy = (path: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  };
  const wanted = stdout
    .split('\0')
    .filter((path) => path !== '' && !/^(test|bench)\//.test(path) && existsSync(join(root, path)));
  for (const path of wanted) copy(path);
  for (const path of ['api/generated', 'proto/generated', 'node_modules/.package-lock.json']) copy(path);
  for (const path of await productionPackages()) copy(path);
  await exec('mke2fs', ['-q', '-t', 'ext4', '-d', folder, '-E', 'root_owner=0:0', file, '768m']);
  rmSync(folder, { recursive: true });
}

async function productionPackages(): Promise<string[]> {
  const { stdout } = await exec('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: root,
    maxBuffer: 16 * 1024 ** 2,
  });
  return stdout
    .split('\n')
    .map((path) => relative(root, path))
    .filter((path) => path.startsWith('node_modules/'));
}
