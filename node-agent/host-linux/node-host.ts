import { createHash } from 'node:crypto';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, hostname, networkInterfaces, release } from 'node:os';
import { join } from 'node:path';
import { hasUnifiedCgroups } from '../cgroups/tree.ts';
import type { MachineFacts, NodeHost } from '../pods/host.ts';

export interface LinuxNodeHostOptions {
  /** Whose file system is the node's ephemeral storage. */
  readonly root: string;
  readonly resolvConf?: string | undefined;
}

const kibi = 1024;
/** What cgroup v1 says for no limit is a number near this. */
const noLimitBytes = 2 ** 62;

/** What systemd-resolved asks itself; /etc/resolv.conf then names only its own address, which pods cannot reach. */
const resolvedFile = '/run/systemd/resolve/resolv.conf';
const isStub = (conf: string): boolean => {
  const servers = [...conf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
  return servers.length > 0 && servers.every((server) => server.startsWith('127.0.0.5'));
};

/** The machine that this process runs on. */
export function createLinuxNodeHost({ root, resolvConf = '/etc/resolv.conf' }: LinuxNodeHostOptions): NodeHost {
  return {
    async facts(): Promise<MachineFacts> {
      const memory = parseMeminfo(await text('/proc/meminfo'));
      const disk = await statfs(root);
      const machineId = (await text('/etc/machine-id')).trim() || createHash('md5').update(hostname()).digest('hex');
      return {
        hostname: hostname(),
        architecture: architectures[arch()] ?? arch(),
        operatingSystem: 'linux',
        osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(await text('/etc/os-release'))?.[1] ?? 'Linux',
        kernelVersion: release(),
        machineId,
        systemUuid: (await text('/sys/class/dmi/id/product_uuid')).trim() || machineId,
        bootId: (await text('/proc/sys/kernel/random/boot_id')).trim(),
        cpuMilli: await cpuMilli(),
        memoryBytes: Math.min(memory.get('MemTotal') ?? 0, await memoryLimit()),
        swapBytes: memory.get('SwapTotal') ?? 0,
        hugepages: await hugepages(),
        ephemeralStorageBytes: disk.blocks * disk.bsize,
        pidsMax: Number(await text('/proc/sys/kernel/pid_max')) || 32_768,
        unifiedCgroups: await hasUnifiedCgroups(),
        addresses: addresses(),
      };
    },
    async usage() {
      const memory = parseMeminfo(await text('/proc/meminfo'));
      const disk = await statfs(root);
      const tasks = /\d+\/(\d+)/.exec(await text('/proc/loadavg'))?.[1];
      return {
        memoryAvailableBytes: memory.get('MemAvailable') ?? 0,
        diskAvailableBytes: disk.bavail * disk.bsize,
        diskTotalBytes: disk.blocks * disk.bsize,
        inodesFree: disk.ffree,
        inodesTotal: disk.files,
        pids: Number(tasks ?? 0),
      };
    },
    resolvConf: async () => {
      const own = await text(resolvConf);
      return isStub(own) ? (await text(resolvedFile)) || own : own;
    },
  };
}

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ia32: '386',
  s390x: 's390x',
  ppc64: 'ppc64le',
};

/** Empty when there is no such file. */
const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Name → bytes. */
export function parseMeminfo(info: string): ReadonlyMap<string, number> {
  return new Map(
    info.split('\n').flatMap((line) => {
      const match = /^([^:]+):\s+(\d+) kB$/.exec(line);
      return match ? [[match[1] ?? '', Number(match[2]) * kibi] as const] : [];
    }),
  );
}

/** Pods' groups stand directly below the top of what we see of the tree: a limit there binds them all. */
async function memoryLimit(): Promise<number> {
  const limit =
    (await text('/sys/fs/cgroup/memory.max')) || (await text('/sys/fs/cgroup/memory/memory.limit_in_bytes'));
  const bytes = Number(limit.trim() || 'max');
  return Number.isFinite(bytes) && bytes > 0 && bytes < noLimitBytes ? bytes : Number.POSITIVE_INFINITY;
}

async function cpuMilli(): Promise<number> {
  const whole = availableParallelism() * 1000;
  const [quota, period] = (await text('/sys/fs/cgroup/cpu.max')).trim().split(' ').map(Number);
  const quotaV1 = Number(await text('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const periodV1 = Number(await text('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  if (quota && period) return Math.min(whole, Math.floor((quota / period) * 1000));
  return quotaV1 > 0 && periodV1 > 0 ? Math.min(whole, Math.floor((quotaV1 / periodV1) * 1000)) : whole;
}

async function hugepages(): Promise<Record<string, number>> {
  const folder = '/sys/kernel/mm/hugepages';
  const result: Record<string, number> = {};
  for (const name of await readdir(folder).catch(() => [])) {
    const size = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]) * kibi;
    if (!Number.isFinite(size)) continue;
    const count = Number(await text(join(folder, name, 'nr_hugepages')));
    const label = size >= kibi ** 3 ? `${size / kibi ** 3}Gi` : `${size / kibi ** 2}Mi`;
    result[`hugepages-${label}`] = count * size;
  }
  return result;
}

/** Interfaces of containers and bridges are not the machine's own. */
const foreign = /^(lo|berth|cni|veth|docker|br-|virbr|flannel|cali|kube)/;

function addresses(): readonly string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    foreign.test(name) ? [] : (list ?? []).filter(({ internal }) => !internal),
  );
  const usable = all.filter(({ address }) => !address.startsWith('fe80:') && !address.startsWith('169.254.'));
  const found = usable.map(({ address }) => address);
  return found.length > 0 ? found : ['127.0.0.1'];
}
