import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupVersion } from '#host/machine.ts';

/** What the kernel holds a container to, read from its cgroup. */
export interface CgroupLimits {
  /** Microseconds of CPU per 100 ms period, or undefined for no limit. */
  readonly cpuQuota: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** v1 shares, or v2 weight. */
  readonly cpuShare: number;
}

/** Finds the container's cgroup below `root` (the cluster's own), wherever its pod and QoS folders are. */
export function containerLimits(root: string, containerId: string): CgroupLimits {
  const read = (controller: string, file: string): string =>
    readFileSync(join(cgroupOf(root, controller, containerId), file), 'utf8').trim();
  if (cgroupVersion() === 'v2') {
    const [quota] = read('', 'cpu.max').split(' ');
    const memory = read('', 'memory.max');
    return {
      cpuQuota: quota === 'max' ? undefined : Number(quota),
      memoryLimitBytes: memory === 'max' ? undefined : Number(memory),
      cpuShare: Number(read('', 'cpu.weight')),
    };
  }
  const quota = Number(read('cpu', 'cpu.cfs_quota_us'));
  const memory = Number(read('memory', 'memory.limit_in_bytes'));
  return {
    cpuQuota: quota < 0 ? undefined : quota,
    memoryLimitBytes: memory > 2 ** 60 ? undefined : memory,
    cpuShare: Number(read('cpu', 'cpu.shares')),
  };
}

/** CPU seconds the container has used since it started. */
export function cpuSeconds(root: string, containerId: string): number {
  if (cgroupVersion() === 'v2') {
    const stat = readFileSync(join(cgroupOf(root, '', containerId), 'cpu.stat'), 'utf8');
    return Number(/usage_usec (\d+)/.exec(stat)?.[1]) / 1e6;
  }
  return Number(readFileSync(join(cgroupOf(root, 'cpuacct', containerId), 'cpuacct.usage'), 'utf8')) / 1e9;
}

function cgroupOf(root: string, controller: string, containerId: string): string {
  const start = join('/sys/fs/cgroup', controller, root);
  const found = search(start, containerId);
  if (!found) throw new Error(`no cgroup of container ${containerId} below ${start}`);
  return found;
}

function search(folder: string, name: string): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (entry.name.includes(name)) return join(folder, entry.name);
    const below = search(join(folder, entry.name), name);
    if (below) return below;
  }
  return undefined;
}
