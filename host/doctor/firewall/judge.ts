import { cidrAddress } from '#api/ipv4-network.ts';
import { error, type Finding, warning } from '../finding.ts';
import { fateOf } from './evaluate.ts';
import { readIptables } from './iptables.ts';
import type { Packet, Table } from './model.ts';
import { readNftRuleset } from './nft.ts';

export interface FirewallFacts {
  /** Output of `nft --json list ruleset`; undefined when it cannot be had. */
  readonly nft: string | undefined;
  /** Outputs of `iptables-save` and `iptables-legacy-save`. */
  readonly iptables: readonly string[];
  readonly ufwActive: boolean;
  readonly firewalldActive: boolean;
}

export interface FirewallSituation {
  readonly role: 'server' | 'agent';
  readonly apiPort: number | undefined;
  readonly agentPort: number;
  readonly network: 'auto' | 'route' | 'vxlan';
  readonly vxlanPort: number;
  readonly clusterCidr: string;
  readonly bridge: string;
  /** The interface towards the other machines, and an address of one of them, where that is known. */
  readonly uplink: string | undefined;
  readonly peer: string | undefined;
}

interface Flow {
  readonly what: string;
  readonly packet: Packet;
  readonly severity: Finding['severity'];
  readonly fixes: {
    readonly ufw: string;
    readonly firewalld: string;
    readonly iptables: string;
    /** Conditions of nftables rules that would let it through. */
    readonly nft: readonly string[];
  };
}

/** Looks at what must come through, and finds who stops it. */
export function judgeFirewall(facts: FirewallFacts, situation: FirewallSituation): Finding[] {
  const tables = readTables(facts);
  const findings = flowsOf(situation).flatMap((flow) => {
    const fate = fateOf(flow.packet, tables);
    if (fate.kind !== 'drop') return [];
    const make = flow.severity === 'error' ? error : warning;
    const tool = facts.firewalldActive ? 'firewalld' : facts.ufwActive ? 'ufw' : 'iptables';
    const fix = fate.where.includes('iptables') || tool !== 'iptables' ? flow.fixes[tool] : nftFix(fate.where, flow);
    return [make('firewall', `${flow.what} is blocked by ${fate.where}`, fix)];
  });
  return findings;
}

/** What iptables wrote through nftables is shown by both; iptables' own words say more. Ours are not judged. */
function readTables({ nft, iptables }: FirewallFacts): Table[] {
  const ofIptables = iptables.flatMap(readIptables);
  const ofNft = nft === undefined ? [] : readNftRuleset(nft);
  return [
    ...ofIptables,
    ...ofNft.filter(({ name }) => !/^\S+ berth/.test(name) && !(ofIptables.length > 0 && name === 'ip filter')),
  ];
}

function flowsOf(situation: FirewallSituation): Flow[] {
  const { role, apiPort, agentPort, network, vxlanPort, uplink, peer, bridge, clusterCidr } = situation;
  const from = { hook: 'input', iif: uplink, saddr: peer } as const;
  const opened = (what: string, protocol: 'tcp' | 'udp', dport: number, severity: Finding['severity']): Flow => ({
    what: `${what} (${protocol} port ${dport}) from other machines`,
    packet: { ...from, protocol, dport },
    severity,
    fixes: {
      ufw: `ufw allow ${dport}/${protocol}`,
      firewalld: `firewall-cmd --permanent --add-port=${dport}/${protocol} && firewall-cmd --reload`,
      iptables: `iptables -I INPUT -p ${protocol} --dport ${dport} -j ACCEPT`,
      nft: [`${protocol} dport ${dport}`],
    },
  });
  const [pod, podElsewhere] = [cidrAddress(clusterCidr, 2), cidrAddress(clusterCidr, -2)];
  const routed = (what: string, packet: Omit<Packet, 'hook' | 'protocol'>): Flow => ({
    what,
    packet: { hook: 'forward', protocol: 'tcp', dport: 80, ...packet },
    severity: 'error',
    fixes: {
      ufw: `ufw route allow from ${clusterCidr} && ufw route allow to ${clusterCidr}`,
      firewalld: `firewall-cmd --permanent --zone=trusted --add-source=${clusterCidr} && firewall-cmd --reload`,
      iptables: `iptables -I FORWARD -s ${clusterCidr} -j ACCEPT && iptables -I FORWARD -d ${clusterCidr} -j ACCEPT`,
      nft: [`ip saddr ${clusterCidr}`, `ip daddr ${clusterCidr}`],
    },
  });
  return [
    ...(role === 'server' && apiPort !== undefined ? [opened('the API server', 'tcp', apiPort, 'error')] : []),
    opened('the node agent', 'tcp', agentPort, 'error'),
    ...(network === 'route'
      ? []
      : [opened('VXLAN', 'udp', vxlanPort, network === 'vxlan' ? ('error' as const) : ('warning' as const))]),
    routed('traffic from pods here to pods elsewhere', {
      iif: bridge,
      oif: uplink,
      saddr: pod,
      daddr: podElsewhere,
    }),
    routed('traffic from pods elsewhere to pods here', {
      iif: uplink,
      oif: bridge,
      saddr: podElsewhere,
      daddr: pod,
    }),
    {
      what: 'the cluster DNS (udp port 53) for pods',
      packet: { hook: 'input', protocol: 'udp', dport: 53, iif: bridge, saddr: pod },
      severity: 'error',
      fixes: {
        ufw: `ufw allow in on ${bridge}`,
        firewalld: `firewall-cmd --permanent --zone=trusted --add-source=${clusterCidr} && firewall-cmd --reload`,
        iptables: `iptables -I INPUT -i ${bridge} -j ACCEPT`,
        nft: [`iifname ${bridge}`],
      },
    },
  ];
}

function nftFix(where: string, { fixes }: Flow): string {
  const table = /in table (\S+ \S+)$/.exec(where)?.[1];
  const chain = /chain (\S+) in table/.exec(where)?.[1] ?? /"(\S+) handle/.exec(where)?.[1];
  if (!table || !chain) return fixes.iptables;
  return fixes.nft.map((condition) => `nft insert rule ${table} ${chain} ${condition} accept`).join(' && ');
}
