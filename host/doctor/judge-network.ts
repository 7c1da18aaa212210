import type { ClockFacts, LinkFacts, NameFacts, PathFact, PeerFact, PortFact, ReachFact, SelfFacts } from './facts.ts';
import { vxlanPort } from './facts.ts';
import { error, type Finding, warning } from './finding.ts';

export const judgePorts = (ports: readonly PortFact[], { network }: SelfFacts): Finding[] =>
  ports.flatMap(({ port, protocol, use, flag, holder }) => {
    if (holder === undefined) return [];
    const list = `ss -Hln${protocol === 'tcp' ? 't' : 'u'}p 'sport = :${port}'`;
    const fix = flag ? `Stop it (see: ${list}), or choose another with ${flag}` : `Stop it (see: ${list})`;
    // Without tunnels nobody needs the port.
    const make = protocol === 'udp' && network !== 'vxlan' ? warning : error;
    return [make('ports', `${protocol === 'tcp' ? 'port' : 'udp port'} ${port} (${use}) is in use by ${holder}`, fix)];
  });

const reasons: Readonly<Record<Exclude<ReachFact['result'], 'open'>, (fact: ReachFact) => [string, string]>> = {
  refused: ({ host, port }) => [
    `refuses connections at ${host}:${port}: nothing listens there`,
    'See on that machine what runs: berth status',
  ],
  silent: ({ host, port }) => [
    `does not answer at ${host}:${port}: the machine is down, or a firewall drops packets on the way`,
    `Let tcp port ${port} through on that machine and between the two; look there with: berth doctor`,
  ],
  'no-route': ({ host }) => [
    `cannot be reached: there is no route to ${host}`,
    `See the routes with: ip route get ${host}`,
  ],
  'no-name': ({ host }) => [`cannot be found: the name ${host} is not known`, `Try: getent hosts ${host}`],
};

export const judgeReach = (facts: readonly ReachFact[]): Finding[] =>
  facts.flatMap((fact) => {
    if (fact.result === 'open') return [];
    const [problem, fix] = reasons[fact.result](fact);
    return [(fact.needed ? error : warning)('reachability', `${fact.what} ${problem}`, fix)];
  });

export const judgePaths = (paths: readonly PathFact[]): Finding[] =>
  paths.flatMap(({ node, address, device, linkMtu, pathMtu }) => {
    // That nothing comes back at all is told of as reachability, or only echo requests are blocked.
    if (pathMtu === 0 || pathMtu >= linkMtu) return [];
    return [
      warning(
        'mtu',
        `packets of more than ${pathMtu} bytes do not reach node ${node} (${address}), but ${device} has an MTU of ${linkMtu}: large answers hang`,
        `On both machines: ip link set dev ${device} mtu ${pathMtu} (and in the network's own settings, to outlast a reboot)`,
      ),
    ];
  });

/** Leases and certificates stand still longer than this. */
const skewWarnMs = 5_000;
const skewErrorMs = 120_000;

export function judgeClock({ skewMs, uncertainMs, services }: ClockFacts): Finding[] {
  const off = skewMs === undefined ? 0 : Math.max(0, Math.abs(skewMs) - uncertainMs);
  const install = 'Keep the time on all machines: apt-get install systemd-timesyncd (or chrony)';
  if (skewMs !== undefined && off > skewWarnMs) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    const text = `the clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the server's`;
    return off > skewErrorMs
      ? [error('clock', `${text}: certificates count as not yet valid or ended`, install)]
      : [warning('clock', `${text}: times in events and logs mislead`, install)];
  }
  if (services === undefined || services.length > 0) return [];
  return [warning('clock', 'no program keeps the time (chrony, systemd-timesyncd, ntpd)', install)];
}

export function judgeNames({ hostname, hostnameResolves, nameservers, clusterDns }: NameFacts): Finding[] {
  const findings: Finding[] = [];
  if (hostnameResolves === false) {
    findings.push(
      warning(
        'names',
        `the machine's own name ${hostname} cannot be resolved: sudo and others wait for it`,
        `echo "127.0.1.1 ${hostname}" >> /etc/hosts`,
      ),
    );
  }
  if (nameservers.some(({ address }) => address === clusterDns)) {
    findings.push(
      error(
        'names',
        `/etc/resolv.conf names the cluster's own DNS (${clusterDns}), which asks the servers in /etc/resolv.conf: a circle`,
        'Name the servers of your network there instead',
      ),
    );
  }
  if (nameservers.length === 0) {
    return [
      ...findings,
      warning(
        'names',
        '/etc/resolv.conf names no server: neither this machine nor its pods find names outside the cluster',
        'Name one: echo "nameserver ADDRESS" >> /etc/resolv.conf',
      ),
    ];
  }
  const silent = nameservers.filter(({ answers }) => answers === false).map(({ address }) => address);
  if (silent.length < nameservers.length) return findings;
  const isStub = silent.every((address) => address.startsWith('127.'));
  return [
    ...findings,
    warning(
      'names',
      `no name server answers (${silent.join(', ')})${isStub ? ': it is a resolver on this machine, and does not run' : ''}`,
      isStub
        ? 'systemctl restart systemd-resolved (or what else listens there)'
        : 'Check the servers in /etc/resolv.conf',
    ),
  ];
}

/** Network cards whose checksums inside of tunnels are known to be wrong with some of their versions. */
const badDrivers = new Set(['vmxnet3', 'hv_netvsc']);
const checksumErrorsMax = 100;

export function judgeLinks(links: LinkFacts, { network, bridge }: SelfFacts): Finding[] {
  if (network === 'route') return [];
  const { uplink, driver, udpChecksumErrors } = links;
  const findings = links.tunnels
    .filter(({ port }) => port === vxlanPort)
    .map(({ name, vni }) =>
      warning(
        'vxlan',
        `the interface ${name} takes VXLAN on udp port ${vxlanPort} too (network ${vni}): two tunnels on one port may disturb each other`,
        `If nothing needs it any more: ip link delete ${name}`,
      ),
    );
  const off = `ethtool -K ${uplink ?? 'DEVICE'} tx-checksum-ip-generic off tx-udp_tnl-segmentation off`;
  if (udpChecksumErrors > checksumErrorsMax) {
    findings.push(
      warning(
        'vxlan',
        `${udpChecksumErrors} UDP packets came with a wrong checksum: a network card that computes those of tunnels wrongly drops what pods send each other`,
        `On the machines that send: ${off}`,
      ),
    );
  } else if (driver !== undefined && badDrivers.has(driver)) {
    findings.push(
      warning(
        'vxlan',
        `${uplink} is a ${driver}, of which some versions compute the checksums of tunnelled packets wrongly (${bridge} pods may not reach others)`,
        `If pods on other machines cannot be reached: ${off}`,
      ),
    );
  }
  return findings;
}

export function judgeDuplicates(self: SelfFacts, peers: readonly PeerFact[]): Finding[] {
  return peers
    .filter(({ name }) => name !== self.nodeName)
    .flatMap(({ name, addresses, machineId, bootId }) => {
      const findings: Finding[] = [];
      if (addresses.includes(self.address)) {
        findings.push(
          error(
            'duplicates',
            `node ${name} has this machine's address ${self.address}`,
            `If that node is gone: berth node remove ${name}. Else give one of the machines another address`,
          ),
        );
      }
      if (machineId !== '' && machineId === self.machineId) {
        const make = bootId === self.bootId ? warning : error;
        const what =
          bootId === self.bootId
            ? 'runs on this very machine'
            : "has this machine's id: one is a copy of the other's disk";
        findings.push(
          make(
            'duplicates',
            `node ${name} ${what} (${machineId})`,
            'On the copy: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; then reboot it',
          ),
        );
      }
      return findings;
    });
}
