import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mustRun, run } from './run.ts';

/** What a cluster could leave on a machine, in a form in which two moments can be compared. */
export interface HostSnapshot {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  readonly cgroups: readonly string[];
  readonly nftables: string;
  readonly namespaces: readonly string[];
  readonly sysctls: readonly string[];
  readonly folders: readonly string[];
}

export async function hostSnapshot(): Promise<HostSnapshot> {
  return {
    processes: processNames(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .sort(),
    interfaces: readdirSync('/sys/class/net').sort(),
    cgroups: (await mustRun('find', ['/sys/fs/cgroup', '-mindepth', '1', '-type', 'd'])).split('\n').sort(),
    nftables: (await run('nft', ['list', 'ruleset'])).stdout,
    namespaces: existsSync('/var/run/netns') ? readdirSync('/var/run/netns').sort() : [],
    sysctls: ['net/ipv4/ip_forward', 'net/ipv4/conf/all/forwarding', 'net/ipv4/conf/all/route_localnet'].map(
      (name) => `${name}=${readFileSync(`/proc/sys/${name}`, 'utf8').trim()}`,
    ),
    folders: [
      '/var/lib',
      '/run',
      '/var/log',
      '/etc',
      '/var/lib/cni',
      '/var/lib/containerd',
      '/run/containerd',
      '/etc/cni',
      '/opt',
    ].map((folder) => `${folder}: ${existsSync(folder) ? readdirSync(folder).sort().join(' ') : '(absent)'}`),
  };
}

/** Programs that a cluster is made of. */
function processNames(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()}`;
      } catch {
        return '';
      }
    })
    .filter(
      (line) => /containerd|etcd|berth|supervise|busybox|pause/.test(line) && !/vitest|tools\/test\.ts/.test(line),
    )
    .sort();
}
