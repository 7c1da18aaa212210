import { chmod, chown, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '#base/error-message.ts';
import { readMounts, unmountUnder } from '../host-linux/mount-table.ts';
import { codeOf, runProgram } from '../host-linux/run.ts';
import { VolumeError } from '../pods/errors.ts';
import type { SubPathMount } from '../pods/host.ts';
import { writeFilesAtomically } from './atomic-files.ts';
import { checkHostPath } from './host-path.ts';
import { isSafeName } from './paths.ts';
import type { SetUpVolume, VolumePlan } from './plan.ts';
import { openSubPath, pathForOthers } from './sub-path.ts';

/** Kubernetes' own folder names, so that its tools find their way. */
const folderOf = (podFolder: string, plugin: string, name: string): string =>
  join(podFolder, 'volumes', `kubernetes.io~${plugin}`, name);

/** Makes one volume below the pod's folder, or brings it up to date. Rejects with a VolumeError. */
export async function setUpLinuxVolume(podFolder: string, plan: VolumePlan): Promise<SetUpVolume> {
  try {
    if (!isSafeName(plan.name)) throw new Error(`invalid volume name ${JSON.stringify(plan.name)}`);
    if (plan.kind === 'host-path') {
      await checkHostPath(plan.name, plan.path, plan.type);
      return { path: plan.path };
    }
    if (plan.kind === 'empty-dir') {
      const path = folderOf(podFolder, 'empty-dir', plan.name);
      await mkdir(path, { recursive: true });
      if (plan.medium === 'memory') await mountTmpfs(path, plan.sizeLimitBytes, '0777');
      await own(path, 0o777, plan.fsGroup);
      return { path };
    }
    const path = folderOf(podFolder, plan.plugin, plan.name);
    await mkdir(path, { recursive: true });
    if (plan.medium === 'memory') await mountTmpfs(path, undefined, '0755');
    await own(path, 0o755, plan.fsGroup);
    await writeFilesAtomically(path, plan.files, plan.fsGroup);
    return { path };
  } catch (error) {
    if (error instanceof VolumeError) throw error;
    throw new VolumeError(plan.name, messageOf(error), error);
  }
}

/** New files of a volume with an fsGroup belong to that group: the folder hands its group down. */
async function own(path: string, mode: number, fsGroup: number | undefined): Promise<void> {
  if (fsGroup !== undefined) await chown(path, 0, fsGroup);
  await chmod(path, fsGroup === undefined ? mode : mode | 0o2070);
}

async function mountTmpfs(path: string, sizeBytes: number | undefined, mode: string): Promise<void> {
  if ((await readMounts()).some((mount) => mount.path === path)) return;
  const size = sizeBytes === undefined || sizeBytes <= 0 ? [] : [`size=${sizeBytes}`];
  await runProgram('mount', ['-t', 'tmpfs', '-o', [`mode=${mode}`, ...size].join(','), 'tmpfs', path]);
}

/** Pins what a subPath names by a bind mount below the pod's folder, and returns that. */
export async function pinSubPath(podFolder: string, mount: SubPathMount): Promise<string> {
  if (!isSafeName(mount.container)) throw new Error(`invalid container name ${JSON.stringify(mount.container)}`);
  const handle = await openSubPath(mount.volumePath, mount.subPath);
  try {
    const folder = join(podFolder, 'volume-subpaths', mount.container);
    const target = join(folder, String(mount.index));
    await mkdir(folder, { recursive: true });
    // What an earlier container of that name had may be another file by now.
    await unmountUnder(target);
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true });
    else await createFile(target);
    // Without canonicalising, mount takes the handle itself and not the path that it had a moment ago.
    await runProgram('mount', ['--no-canonicalize', '--bind', pathForOthers(handle), target]);
    return target;
  } finally {
    await handle.close();
  }
}

async function createFile(path: string): Promise<void> {
  try {
    const handle = await open(path, 'a');
    await handle.close();
  } catch (error) {
    if (codeOf(error) !== 'EISDIR') throw error;
  }
}
