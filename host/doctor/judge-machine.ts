import type { CgroupFacts, Facts, KernelFacts, MemoryFacts, SecurityFacts, SelfFacts, StorageFacts } from './facts.ts';
import { error, type Finding, warning } from './finding.ts';

const neededControllers = ['cpu', 'memory', 'pids'];

export function judgeCgroups({ version, controllers, writable }: CgroupFacts): Finding[] {
  // That there are none at all is told of elsewhere.
  if (version === undefined) return [];
  const missing = neededControllers.filter((one) => !controllers.includes(one));
  if (missing.length > 0) {
    const line = missing.includes('memory')
      ? 'cgroup_enable=memory swapaccount=1'
      : `cgroup_enable=${missing.join(',')}`;
    return [
      error(
        'cgroups',
        `the cgroup controllers ${missing.join(', ')} are off: limits of containers would not hold`,
        `Add "${line}" to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and reboot; in a container, delegate them to it`,
      ),
    ];
  }
  if (writable) return [];
  return [
    error(
      'cgroups',
      '/sys/fs/cgroup cannot be written to: no containers can be made',
      'Berth runs on a machine, or in a container with cgroups of its own (for Docker: --privileged --cgroupns=private)',
    ),
  ];
}

const features: Readonly<Record<string, { what: string; severity: Finding['severity'] }>> = {
  overlay: { what: "overlay (containers' file systems)", severity: 'error' },
  veth: { what: "veth (pods' interfaces)", severity: 'error' },
  bridge: { what: 'bridge (the pod network)', severity: 'error' },
  nf_tables: { what: 'nf_tables (services)', severity: 'error' },
  nft_chain_nat: { what: 'nft_chain_nat (services)', severity: 'error' },
  nf_conntrack: { what: 'nf_conntrack (services)', severity: 'error' },
  nft_fib: { what: 'nft_fib (node ports)', severity: 'warning' },
  vxlan: { what: 'vxlan (the pod network between machines that are not on one link)', severity: 'warning' },
};

export const neededFeatures: readonly string[] = Object.keys(features);

export function judgeKernel(
  { release, features: found, nftTrouble, sysctls }: KernelFacts,
  self: SelfFacts,
): Finding[] {
  const findings = Object.entries(features).flatMap(([name, { what, severity }]) => {
    if (found[name] !== false || (name === 'vxlan' && self.network === 'route')) return [];
    const make = severity === 'error' || (name === 'vxlan' && self.network === 'vxlan') ? error : warning;
    return [
      make(
        'kernel',
        `the kernel ${release} has no ${what}`,
        'Install a kernel of the distribution with all its modules: apt-get install linux-image-amd64 (not -cloud or -kvm), and reboot',
      ),
    ];
  });
  if (nftTrouble !== undefined) {
    findings.push(error('kernel', `nftables does not work: ${nftTrouble}`, 'See: nft list tables; modprobe nf_tables'));
  }
  const forwards = sysctls['net/ipv4/ip_forward'] !== '0' && sysctls['net/ipv4/conf/all/forwarding'] !== '0';
  if (self.installed && !forwards) {
    findings.push(
      error(
        'sysctls',
        'the kernel does not forward packets (net.ipv4.ip_forward is 0): pods reach nothing',
        'sysctl -w net.ipv4.ip_forward=1, and find in /etc/sysctl.conf and /etc/sysctl.d what sets it to 0',
      ),
    );
  }
  if (sysctls['net/ipv4/conf/all/rp_filter'] === '1') {
    findings.push(
      warning(
        'sysctls',
        'packets whose way back is another one are dropped (net.ipv4.conf.all.rp_filter is 1): machines with several networks lose traffic to pods',
        'sysctl -w net.ipv4.conf.all.rp_filter=2',
      ),
    );
  }
  const [count, max] = ['nf_conntrack_count', 'nf_conntrack_max'].map((name) =>
    Number(sysctls[`net/netfilter/${name}`]),
  );
  if (count !== undefined && max !== undefined && count > 0.8 * max) {
    findings.push(
      warning(
        'sysctls',
        `${count} of ${max} connections are tracked: when the table is full, new ones are dropped`,
        `sysctl -w net.netfilter.nf_conntrack_max=${2 * max}`,
      ),
    );
  }
  return findings;
}

const gigabyte = 1e9;
const syncWarnMs = 25;

export function judgeStorage({ folder, freeBytes, totalBytes, syncMs }: StorageFacts, { role }: SelfFacts): Finding[] {
  const findings: Finding[] = [];
  const free = `${(freeBytes / gigabyte).toFixed(1)} GB of ${(totalBytes / gigabyte).toFixed(1)} GB are free on the disk of ${folder}`;
  const clean = `See what takes the place: du -xh --max-depth=2 ${folder} | sort -h | tail; remove images with: berth image rm`;
  if (freeBytes < gigabyte) findings.push(error('disk', free, clean));
  else if (freeBytes < 5 * gigabyte || freeBytes < 0.1 * totalBytes) findings.push(warning('disk', free, clean));
  const typicalMs = median(syncMs);
  if (role === 'server' && typicalMs !== undefined && typicalMs > syncWarnMs) {
    findings.push(
      warning(
        'disk',
        `a durable write takes ${typicalMs.toFixed(0)} ms on the disk of ${folder}: each change of the cluster waits for one, and etcd asks for less than 10 ms`,
        'Put the state on an SSD, and away from what writes much',
      ),
    );
  }
  return findings;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

export function judgeMemory({ totalBytes, availableBytes }: MemoryFacts, { role, installed }: SelfFacts): Finding[] {
  const neededBytes = (role === 'server' ? 1 : 0.5) * gigabyte;
  const shown = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  if (totalBytes < neededBytes) {
    return [
      warning(
        'memory',
        `the machine has ${shown(totalBytes)} of memory: ${role === 'server' ? 'a server' : 'a node'} wants ${shown(neededBytes)} and more`,
        'Give it more, or run the server on a larger machine',
      ),
    ];
  }
  if (installed || availableBytes >= neededBytes / 2) return [];
  return [
    warning(
      'memory',
      `only ${shown(availableBytes)} of memory are available`,
      'See what takes it: ps aux --sort=-rss | head',
    ),
  ];
}

export function judgeSecurity({ selinuxEnforcing, appArmor }: SecurityFacts): Finding[] {
  return [
    ...(selinuxEnforcing
      ? [
          warning(
            'security',
            'SELinux is enforcing, and Berth brings no policy for it: containers may be refused their files',
            'setenforce 0, and SELINUX=permissive in /etc/selinux/config',
          ),
        ]
      : []),
    ...(appArmor === 'without-tools'
      ? [
          warning(
            'security',
            'AppArmor is on, but apparmor_parser is missing: containers run without a profile',
            'apt-get install apparmor',
          ),
        ]
      : []),
  ];
}

const architectures = new Set(['x64', 'arm64']);

export function judgeNode({ version, architecture }: Facts['node']): Finding[] {
  const major = Number(/^v(\d+)/.exec(version)?.[1]);
  return [
    ...(major < 24
      ? [
          error(
            'node',
            `this is Node ${version}, and 24 or later is needed`,
            'Start berth as bin/berth: it brings its own',
          ),
        ]
      : []),
    ...(architectures.has(architecture)
      ? []
      : [
          warning(
            'node',
            `nobody has tried Berth on ${architecture}`,
            'Use a machine with an amd64 or arm64 processor',
          ),
        ]),
  ];
}
