import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../host-linux/run.ts';
import { cpuPeriodUs } from '../pods/resources.ts';
import type { CgroupDriver } from './driver.ts';
import { listGroups, removeGroups } from './tree.ts';

/** Controllers that pods are grouped in; those that the machine lacks are left out. */
const known = [
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'systemd',
  'rdma',
];

/** cgroup v1: one tree for each controller, all alike. */
export async function createCgroupV1(mountPoint = '/sys/fs/cgroup'): Promise<CgroupDriver> {
  const controllers: string[] = [];
  for (const name of known) if (await exists(join(mountPoint, name, 'tasks'))) controllers.push(name);
  const at = (controller: string, path: string, file = ''): string => join(mountPoint, controller, path, file);
  const write = async (controller: string, path: string, file: string, value: string): Promise<void> => {
    if (controllers.includes(controller)) await writeFile(at(controller, path, file), value);
  };

  /** A cpuset group takes no process before it has CPUs and memory nodes of its own. */
  const inheritCpuset = async (path: string): Promise<void> => {
    if (!controllers.includes('cpuset')) return;
    let below = '';
    for (const segment of path.split('/').filter((one) => one !== '')) {
      const parent = below;
      below = `${below}/${segment}`;
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        const own = await readFile(at('cpuset', below, file), 'utf8');
        if (own.trim() === '')
          await writeFile(at('cpuset', below, file), await readFile(at('cpuset', parent, file), 'utf8'));
      }
    }
  };

  return {
    async create(path, limits) {
      await Promise.all(controllers.map((controller) => mkdir(at(controller, path), { recursive: true })));
      await inheritCpuset(path);
      await write('cpu', path, 'cpu.shares', String(limits.cpuShares));
      await write('cpu', path, 'cpu.cfs_period_us', String(cpuPeriodUs));
      await write('cpu', path, 'cpu.cfs_quota_us', String(limits.cpuQuotaUs || -1));
      await write('memory', path, 'memory.limit_in_bytes', String(limits.memoryLimitBytes || -1));
    },
    async setShares(path, cpuShares) {
      await Promise.all(controllers.map((controller) => mkdir(at(controller, path), { recursive: true })));
      await write('cpu', path, 'cpu.shares', String(cpuShares));
    },
    async remove(path) {
      for (const controller of controllers) await removeGroups(at(controller, path));
    },
    list: (path) => listGroups(at('memory', path)),
  };
}
