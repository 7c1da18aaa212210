/** Our nftables table, as text. Pure. */
import type { HostPort } from './host-ports.ts';

export interface TableInput {
  readonly table: string;
  readonly bridge: string;
  /** The node's own pod subnet. */
  readonly podCidr: string;
  /** All nodes' pods: among them nobody is masqueraded. */
  readonly clusterCidr: string;
  readonly hostPorts: readonly HostPort[];
}

/**
 * Takes the place of the whole table in one transaction; the first line makes the second one succeed where there is no
 * table yet. Answers to connections that stand are not affected: the kernel keeps them by itself.
 */
export function renderTable(input: TableInput): string {
  const { table, bridge, podCidr, clusterCidr, hostPorts } = input;
  const anyAddress = hostPorts.filter(({ hostIp }) => hostIp === undefined);
  const oneAddress = hostPorts.filter(({ hostIp }) => hostIp !== undefined);
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  map host_ports_any {
    type inet_proto . inet_service : ipv4_addr . inet_service
${elements(anyAddress, (port) => placeOf(port))}  }
  map host_ports_one {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
${elements(oneAddress, (port) => `${port.hostIp} . ${placeOf(port)}`)}  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname "${bridge}" ip daddr 127.0.0.0/8 drop
  }
  chain host_ports {
    dnat ip to ip daddr . meta l4proto . th dport map @host_ports_one
    dnat ip to meta l4proto . th dport map @host_ports_any
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump host_ports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump host_ports
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade
    ip saddr ${podCidr} ip daddr ${podCidr} ct status dnat masquerade
    ip saddr ${podCidr} ip daddr != ${clusterCidr} oifname != "${bridge}" masquerade fully-random
  }
}
`;
}

const placeOf = ({ protocol, hostPort }: HostPort): string => `${protocol.toLowerCase()} . ${hostPort}`;

function elements(ports: readonly HostPort[], key: (port: HostPort) => string): string {
  if (ports.length === 0) return '';
  const rows = ports.map((port) => `      ${key(port)} : ${port.podIp} . ${port.podPort}`);
  return `    elements = {\n${rows.join(',\n')}\n    }\n`;
}
