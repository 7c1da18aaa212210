import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuPeriodUs } from '../pods/resources.ts';
import type { CgroupDriver } from './driver.ts';
import { listGroups, removeGroups } from './tree.ts';

const wanted = ['cpu', 'memory', 'pids', 'io', 'cpuset', 'hugetlb'];

/** cgroup v2: one tree; a controller reaches a group only when every group above hands it down. */
export async function createCgroupV2(mountPoint = '/sys/fs/cgroup'): Promise<CgroupDriver> {
  const available = (await readFile(join(mountPoint, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/);
  const enable = wanted.filter((name) => available.includes(name)).map((name) => `+${name}`);

  /** Makes the group and all above it, each with its controllers handed down. */
  const make = async (path: string): Promise<string> => {
    let folder = mountPoint;
    for (const segment of path.split('/').filter((one) => one !== '')) {
      for (const controller of enable) await writeFile(join(folder, 'cgroup.subtree_control'), controller);
      folder = join(folder, segment);
      await mkdir(folder, { recursive: true });
    }
    return folder;
  };

  return {
    async create(path, limits) {
      const folder = await make(path);
      await writeFile(join(folder, 'cpu.weight'), String(weightOf(limits.cpuShares)));
      await writeFile(join(folder, 'cpu.max'), `${limits.cpuQuotaUs || 'max'} ${cpuPeriodUs}`);
      await writeFile(join(folder, 'memory.max'), String(limits.memoryLimitBytes || 'max'));
    },
    async setShares(path, cpuShares) {
      await writeFile(join(await make(path), 'cpu.weight'), String(weightOf(cpuShares)));
    },
    remove: (path) => removeGroups(join(mountPoint, path)),
    list: (path) => listGroups(join(mountPoint, path)),
  };
}

/** 2…262144 shares onto 1…10000 of weight, as runtimes do. */
export const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9_999) / 262_142);
