import { describe, expect, it } from 'vitest';
import type { Facts } from './facts.ts';
import { enabledControllers } from './gather-machine.ts';
import { readUdpErrors } from './gather-network.ts';
import { judge } from './judge.ts';

const gigabyte = 1e9;

/** A machine with which nothing is wrong. */
const healthy: Facts = {
  ports: [{ port: 6443, protocol: 'tcp', use: 'API server', flag: '--api-port', holder: undefined }],
  reach: [],
  paths: [],
  clock: { skewMs: undefined, uncertainMs: 0, services: ['chronyd'] },
  names: {
    hostname: 'm1',
    hostnameResolves: true,
    nameservers: [{ address: '127.0.0.53', answers: true }],
    clusterDns: '10.43.0.10',
  },
  firewall: { nft: undefined, iptables: [], ufwActive: false, firewalldActive: false },
  cgroups: { version: 'v2', controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'], writable: true },
  kernel: {
    release: '6.1.0',
    features: { vxlan: true },
    nftTrouble: undefined,
    sysctls: { 'net/ipv4/ip_forward': '1' },
  },
  links: { uplink: 'eth0', driver: 'virtio_net', tunnels: [], udpChecksumErrors: 0 },
  storage: { folder: '/var/lib/berth', freeBytes: 50 * gigabyte, totalBytes: 100 * gigabyte, syncMs: [2, 3, 80] },
  memory: { totalBytes: 4 * gigabyte, availableBytes: 3 * gigabyte, swapTotalBytes: 0 },
  security: { selinuxEnforcing: false, appArmor: 'on' },
  node: { version: 'v24.21.0', architecture: 'x64' },
  self: {
    role: 'server',
    nodeName: 'm1',
    address: '192.0.2.1',
    machineId: 'id1',
    bootId: 'boot1',
    apiPort: 6443,
    agentPort: 10250,
    network: 'auto',
    clusterCidr: '10.42.0.0/16',
    bridge: 'berth0',
    installed: true,
  },
  peers: [{ name: 'm1', addresses: ['192.0.2.1'], machineId: 'id1', bootId: 'boot1' }],
};

const peer = (change: object) => [
  { name: 'm2', addresses: ['192.0.2.2'], machineId: 'id2', bootId: 'boot2', ...change },
];
const reach = (result: Facts['reach'][number]['result'], needed = false) => [
  { what: 'node n2', host: 'n2.example', port: 10250, result, needed },
];
const path = (pathMtu: number) => [{ node: 'm2', address: '192.0.2.2', device: 'eth0', linkMtu: 1500, pathMtu }];
const port = (change: object) => [
  {
    ...healthy.ports[0],
    port: 6443,
    protocol: 'tcp',
    use: 'API server',
    flag: '--api-port',
    holder: 'nginx (pid 12)',
    ...change,
  } as const,
];
const sysctls = (values: Record<string, string>) => ({ kernel: { ...healthy.kernel, sysctls: values } });
const self = (change: object) => ({ self: { ...healthy.self, ...change } });

it('a healthy machine has no findings', () => {
  expect(judge(healthy)).toEqual([]);
});

describe('each finding names its cause and what mends it', () => {
  it.each<[string, object, 'error' | 'warning', string, string]>([
    ['a port', { ports: port({}) }, 'error', 'port 6443 (API server) is in use by nginx (pid 12)', '--api-port'],
    [
      'the tunnel port',
      { ports: port({ protocol: 'udp', port: 4789, flag: undefined }) },
      'warning',
      'udp port 4789',
      'ss -Hlnup',
    ],
    [
      'the tunnel port, needed',
      { ports: port({ protocol: 'udp' }), ...self({ network: 'vxlan' }) },
      'error',
      'udp port',
      'ss -Hlnup',
    ],
    [
      'a silent node',
      { reach: reach('silent') },
      'warning',
      'n2.example:10250: the machine is down, or a firewall',
      'Let tcp port 10250 through',
    ],
    ['a node that refuses', { reach: reach('refused') }, 'warning', 'nothing listens there', 'berth status'],
    [
      'no way to the server',
      { reach: reach('no-route', true) },
      'error',
      'there is no route to n2.example',
      'ip route get n2.example',
    ],
    ['an unknown name', { reach: reach('no-name', true) }, 'error', 'is not known', 'getent hosts n2.example'],
    [
      'a narrow path',
      { paths: path(1450) },
      'warning',
      'more than 1450 bytes do not reach node m2',
      'ip link set dev eth0 mtu 1450',
    ],
    [
      'a clock',
      { clock: { ...healthy.clock, skewMs: -30_000, uncertainMs: 600 } },
      'warning',
      '30 s ahead of the server',
      'systemd-timesyncd',
    ],
    [
      'a wrong clock',
      { clock: { ...healthy.clock, skewMs: 3_600_000, uncertainMs: 600 } },
      'error',
      '3600 s behind',
      'chrony',
    ],
    [
      'nobody keeps the time',
      { clock: { ...healthy.clock, services: [] } },
      'warning',
      'no program keeps the time',
      'apt-get install',
    ],
    [
      'the own name',
      { names: { ...healthy.names, hostnameResolves: false } },
      'warning',
      'own name m1 cannot be resolved',
      'echo "127.0.1.1 m1" >> /etc/hosts',
    ],
    ['no servers', { names: { ...healthy.names, nameservers: [] } }, 'warning', 'names no server', 'nameserver'],
    [
      'a dead stub',
      { names: { ...healthy.names, nameservers: [{ address: '127.0.0.53', answers: false }] } },
      'warning',
      'a resolver on this machine, and does not run',
      'systemctl restart systemd-resolved',
    ],
    [
      'a circle',
      { names: { ...healthy.names, nameservers: [{ address: '10.43.0.10', answers: true }] } },
      'error',
      'a circle',
      'Name the servers of your network',
    ],
    [
      'a controller',
      { cgroups: { ...healthy.cgroups, controllers: ['cpu', 'pids'] } },
      'error',
      'controllers memory are off',
      'cgroup_enable=memory',
    ],
    [
      'cgroups for reading',
      { cgroups: { ...healthy.cgroups, writable: false } },
      'error',
      'cannot be written to',
      '--cgroupns=private',
    ],
    [
      'no vxlan',
      { kernel: { ...healthy.kernel, features: { vxlan: false } } },
      'warning',
      'has no vxlan',
      'linux-image-amd64',
    ],
    [
      'no vxlan, needed',
      { kernel: { ...healthy.kernel, features: { vxlan: false } }, ...self({ network: 'vxlan' }) },
      'error',
      'has no vxlan',
      'linux-image',
    ],
    [
      'no nf_tables',
      { kernel: { ...healthy.kernel, features: { nf_tables: false } } },
      'error',
      'has no nf_tables',
      'linux-image',
    ],
    [
      'broken nftables',
      { kernel: { ...healthy.kernel, nftTrouble: 'Operation not permitted' } },
      'error',
      'Operation not permitted',
      'nft list tables',
    ],
    [
      'no forwarding',
      sysctls({ 'net/ipv4/ip_forward': '0' }),
      'error',
      'does not forward',
      'sysctl -w net.ipv4.ip_forward=1',
    ],
    ['a strict filter', sysctls({ 'net/ipv4/conf/all/rp_filter': '1' }), 'warning', 'rp_filter is 1', 'rp_filter=2'],
    [
      'many connections',
      sysctls({ 'net/netfilter/nf_conntrack_count': '900', 'net/netfilter/nf_conntrack_max': '1000' }),
      'warning',
      '900 of 1000',
      'nf_conntrack_max=2000',
    ],
    [
      'a full disk',
      { storage: { ...healthy.storage, freeBytes: 5e8 } },
      'error',
      '0.5 GB of 100.0 GB are free',
      'du -xh',
    ],
    ['a fuller disk', { storage: { ...healthy.storage, freeBytes: 9e9 } }, 'warning', '9.0 GB', 'du -xh'],
    [
      'a slow disk',
      { storage: { ...healthy.storage, syncMs: [20, 30, 40] } },
      'warning',
      'a durable write takes 30 ms',
      'SSD',
    ],
    [
      'little memory',
      { memory: { ...healthy.memory, totalBytes: 5e8 } },
      'warning',
      '500 MB of memory',
      'larger machine',
    ],
    [
      'used memory',
      { memory: { ...healthy.memory, availableBytes: 1e8 }, ...self({ installed: false }) },
      'warning',
      'only 100 MB',
      'ps aux',
    ],
    ['SELinux', { security: { ...healthy.security, selinuxEnforcing: true } }, 'warning', 'SELinux', 'setenforce 0'],
    [
      'AppArmor without tools',
      { security: { ...healthy.security, appArmor: 'without-tools' } },
      'warning',
      'apparmor_parser is missing',
      'apt-get install apparmor',
    ],
    ['an old Node', { node: { version: 'v20.1.0', architecture: 'x64' } }, 'error', 'Node v20.1.0', 'bin/berth'],
    ['a rare processor', { node: { version: 'v24.1.0', architecture: 's390x' } }, 'warning', 's390x', 'amd64'],
    [
      'a bad card',
      { links: { ...healthy.links, driver: 'vmxnet3' } },
      'warning',
      'eth0 is a vmxnet3',
      'ethtool -K eth0 tx-checksum-ip-generic off',
    ],
    [
      'wrong checksums',
      { links: { ...healthy.links, udpChecksumErrors: 5000 } },
      'warning',
      '5000 UDP packets',
      'ethtool -K eth0',
    ],
    [
      'another tunnel',
      { links: { ...healthy.links, tunnels: [{ name: 'vx0', port: 4789, vni: 1 }] } },
      'warning',
      'interface vx0 takes VXLAN on udp port 4789',
      'ip link delete vx0',
    ],
    [
      'an address twice',
      { peers: peer({ addresses: ['192.0.2.1'] }) },
      'error',
      "node m2 has this machine's address 192.0.2.1",
      'berth node remove m2',
    ],
    ['a copied disk', { peers: peer({ machineId: 'id1' }) }, 'error', 'copy of the other', 'systemd-machine-id-setup'],
    [
      'a namespace beside',
      { peers: peer({ machineId: 'id1', bootId: 'boot1' }) },
      'warning',
      'runs on this very machine',
      'machine-id',
    ],
  ])('%s', (_, change, severity, problem, fix) => {
    const findings = judge({ ...healthy, ...change });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity });
    expect(findings[0]?.problem).toContain(problem);
    expect(findings[0]?.fix).toContain(fix);
  });
});

it.each<[string, object]>([
  ['a clock that is off by less than can be told', { clock: { ...healthy.clock, skewMs: 9_000, uncertainMs: 5_000 } }],
  ['time that a machine around it keeps', { clock: { ...healthy.clock, services: undefined } }],
  ['echo requests that nobody answers', { paths: path(0) }],
  ['a whole path', { paths: path(1500) }],
  [
    'a slow disk of a machine without etcd',
    { storage: { ...healthy.storage, syncMs: [90] }, ...self({ role: 'agent' }) },
  ],
  ['what the kernel does not say', { kernel: { ...healthy.kernel, features: { vxlan: undefined } } }],
  [
    'forwarding before anything is installed',
    { ...sysctls({ 'net/ipv4/ip_forward': '0' }), ...self({ installed: false }) },
  ],
  [
    'tunnels where there are routes only',
    { links: { ...healthy.links, driver: 'vmxnet3' }, ...self({ network: 'route' }) },
  ],
  [
    'one dead name server of two',
    {
      names: {
        ...healthy.names,
        nameservers: [
          { address: '192.0.2.53', answers: false },
          { address: '192.0.2.54', answers: true },
        ],
      },
    },
  ],
  ['machines without any id', { peers: peer({ machineId: '' }), ...self({ machineId: '' }) }],
])('nothing is said about %s', (_, change) => {
  expect(judge({ ...healthy, ...change })).toEqual([]);
});

it('errors come first', () => {
  const findings = judge({
    ...healthy,
    clock: { ...healthy.clock, services: [] },
    storage: { ...healthy.storage, freeBytes: 1 },
  });
  expect(findings.map(({ check }) => check)).toEqual(['disk', 'clock']);
});

it('reads what the kernel prints', () => {
  expect(enabledControllers('#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t5\t1\nmemory\t0\t5\t0')).toEqual([
    'cpu',
  ]);
  const snmp = 'Udp: InDatagrams NoPorts InErrors InCsumErrors\nUdp: 10 2 3 17\nUdpLite: InDatagrams\nUdpLite: 0';
  expect(readUdpErrors(snmp)).toBe(17);
  expect(readUdpErrors('')).toBe(0);
});
