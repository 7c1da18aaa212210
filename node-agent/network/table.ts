/** The node's nftables table, as text. Pure. docs/decisions/0014 has the picture. */

export interface TableInput {
  readonly table: string;
  readonly bridge: string;
  /** The node's own pod subnet. */
  readonly podCidr: string;
  /** The bridge's address: how this node looks to pods on other nodes. */
  readonly gateway: string;
  /** All nodes' pods: among them nobody is masqueraded. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** The interface that carries traffic to other nodes' pods, where there is one. */
  readonly tunnel?: string | undefined;
  /**
   * Frames between pods of this node pass through the table, so that answers find their way back through it. Where they do
   * not, such connections are masqueraded: the pod then sees the node's address instead of its client's.
   */
  readonly bridgeFiltered: boolean;
}

const places = {
  address: 'type ipv4_addr . inet_proto . inet_service',
  port: 'type inet_proto . inet_service',
} as const;
const target = 'ipv4_addr . inet_service';

/**
 * Every map and set, with its declaration. Elements are written as `<name> <key>` → value (`''` in sets). Which endpoint it is
 * stands in the packet's mark, since nft 1.0.6 has no type for a number that would do (and `typeof` here makes rules for TCP only).
 */
export const maps = {
  /** Services that the node itself answers: the cluster's names. */
  local_services: `map { ${places.address} : ${target}; }`,
  /** By address: what leads to a service, and where the picking goes on. */
  services: `map { ${places.address} : verdict; }`,
  /** The same for clients inside the cluster, where they are treated in another way. Asked first. */
  inside: `map { ${places.address} : verdict; }`,
  endpoints: `map { ${places.address} . mark : ${target}; }`,
  /** Session affinity: endpoints have a mark of their own, which outlives changes to the others. */
  picks: `map { ${places.address} . mark : mark; }`,
  sticky: `map { ${places.address} . mark : ${target}; }`,
  node_ports: `map { ${places.port} : verdict; }`,
  node_inside: `map { ${places.port} : verdict; }`,
  /** For the node's own 127.0.0.1: endpoints of this node, since that address leads to no other machine. */
  node_loopback: `map { ${places.port} : verdict; }`,
  node_endpoints: `map { ${places.port} . mark : ${target}; }`,
  node_picks: `map { ${places.port} . mark : mark; }`,
  node_sticky: `map { ${places.port} . mark : ${target}; }`,
  /** Nobody serves there: refused or dropped. */
  unserved: `map { ${places.address} : verdict; }`,
  node_unserved: `map { ${places.port} : verdict; }`,
  cluster_ips: 'set { type ipv4_addr; }',
  /** Load balancers with source ranges, and who may come. */
  guarded: `set { ${places.address}; }`,
  allowed: `set { ${places.address} . ipv4_addr; flags interval; }`,
  /** Pods of this node, each with itself. */
  hairpin: 'set { type ipv4_addr . ipv4_addr; }',
  host_ports_any: `map { ${places.port} : ${target}; }`,
  host_ports_one: `map { ${places.address} : ${target}; }`,
} as const;

export type MapName = keyof typeof maps;

/** Filled by the kernel itself; survives a replacement of everything else. */
const affinity =
  'map affinity { type ipv4_addr . ipv4_addr . inet_proto . inet_service : mark; flags dynamic,timeout; size 131072; }';

/** The upper byte of a mark that names an endpoint: on the first packet of a connection, until it leaves. */
export const endpointMark = 0x4b000000;
/** In such a mark: the source must become the node's. The bit that kube-proxy uses for that. */
export const masqueradeBit = 0x4000;

const place = 'ip daddr . meta l4proto . th dport';
const nodePlace = 'meta l4proto . th dport';

/** All chains that are there from the beginning, and their rules. */
function chainsOf(input: TableInput): Record<string, { readonly base?: string; readonly rules: readonly string[] }> {
  const { bridge, podCidr, gateway, clusterCidr, serviceCidr, tunnel, bridgeFiltered } = input;
  const clamp = 'tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu';
  return {
    guard: {
      base: 'type filter hook prerouting priority raw; policy accept;',
      rules: ['iifname != "lo" ip daddr 127.0.0.0/8 drop'],
    },
    sources: {
      base: 'type filter hook prerouting priority dstnat - 10; policy accept;',
      rules: [`ct state new ${place} @guarded ${place} . ip saddr != @allowed drop`],
    },
    host_ports: { rules: [`dnat ip to ${place} map @host_ports_one`, `dnat ip to ${nodePlace} map @host_ports_any`] },
    by_address: { rules: [`dnat ip to ${place} map @local_services`, `${place} vmap @services`] },
    by_node_port: { rules: [`${nodePlace} vmap @node_ports`, 'jump host_ports'] },
    by_node_port_inside: { rules: [`${nodePlace} vmap @node_inside`, 'jump by_node_port'] },
    prerouting: {
      base: 'type nat hook prerouting priority dstnat; policy accept;',
      rules: [
        `iifname "${bridge}" ${place} vmap @inside`,
        // Other clusters on this machine may have the same service addresses; their pods are theirs.
        `iifname "${bridge}" jump by_address`,
        'iifname != "berth*" jump by_address',
        `iifname "${bridge}" fib daddr type local jump by_node_port_inside`,
        'fib daddr type local jump by_node_port',
      ],
    },
    output: {
      base: 'type nat hook output priority -100; policy accept;',
      rules: [
        `${place} vmap @inside`,
        'jump by_address',
        `ip daddr 127.0.0.0/8 ${nodePlace} vmap @node_loopback`,
        'fib daddr type local jump by_node_port_inside',
      ],
    },
    postrouting: {
      base: 'type nat hook postrouting priority srcnat; policy accept;',
      rules: [
        `meta mark & ${0xff000000 + masqueradeBit} == ${endpointMark + masqueradeBit} goto masquerade_marked`,
        // Whatever carries this packet on must not take the number of an endpoint for a mark of its own.
        `meta mark & 0xff000000 == ${endpointMark} meta mark set 0`,
        `ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade fully-random`,
        'ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random',
        ...(bridgeFiltered ? [] : [`ct status dnat ip saddr ${podCidr} ip daddr ${podCidr} masquerade fully-random`]),
        `ct status dnat ip saddr != ${clusterCidr} ct original ip daddr ${serviceCidr} goto from_node`,
        `ct status dnat fib saddr type local ip saddr != ${podCidr} ip daddr ${clusterCidr} oifname != "${bridge}" goto from_node`,
        `ip saddr ${podCidr} ip daddr != ${clusterCidr} oifname != "${bridge}" masquerade fully-random`,
      ],
    },
    masquerade_marked: { rules: ['meta mark set 0', 'goto from_node'] },
    /** Pods elsewhere answer to an address of this node's pods: it comes back by the way it came. */
    from_node: {
      rules: [
        `ip daddr ${clusterCidr} oifname != "${bridge}" snat ip to ${gateway} fully-random`,
        'masquerade fully-random',
      ],
    },
    refuse: { rules: ['meta l4proto tcp reject with tcp reset', 'reject'] },
    nobody: {
      rules: [
        `${place} vmap @unserved`,
        `fib daddr type local ${nodePlace} vmap @node_unserved`,
        'ip daddr @cluster_ips goto refuse',
        `ip daddr ${serviceCidr} drop`,
      ],
    },
    input: {
      base: 'type filter hook input priority filter; policy accept;',
      rules: ['ct state new jump nobody'],
    },
    forward: {
      base: 'type filter hook forward priority filter; policy accept;',
      rules: [
        // What conntrack does not know would reach clients under the pod's own address, and end their connections.
        `iifname "${bridge}" ct state invalid drop`,
        ...(tunnel === undefined
          ? []
          : [
              `iifname "${tunnel}" ct state invalid drop`,
              `oifname "${tunnel}" ${clamp}`,
              `iifname "${tunnel}" ${clamp}`,
            ]),
        `iifname "${bridge}" ct state new jump nobody`,
        'iifname != "berth*" ct state new jump nobody',
      ],
    },
    from_host: {
      base: 'type filter hook output priority filter; policy accept;',
      rules: ['ct state new jump nobody'],
    },
  };
}

/** The names of the chains that must be there, and must have rules. */
export const baseChains = (input: TableInput): string[] => Object.keys(chainsOf(input));

/**
 * Makes the base what it must be and empties the maps, whatever was there before: to be followed by all elements in the same
 * transaction. Which client has which endpoint (session affinity) is kept.
 */
export function renderBase(input: TableInput): string {
  const { table } = input;
  const chains = Object.entries(chainsOf(input));
  const lines = [`table ip ${table} {`, `  ${affinity}`];
  for (const [name, declaration] of Object.entries(maps)) lines.push(`  ${declaration.replace(' ', ` ${name} `)}`);
  for (const [name, { base = '' }] of chains) lines.push(`  chain ${name} { ${base} }`);
  lines.push('}');
  for (const [name, declaration] of Object.entries(maps)) {
    lines.push(`flush ${declaration.slice(0, 3)} ip ${table} ${name}`);
  }
  for (const [name] of chains) lines.push(`flush chain ip ${table} ${name}`);
  for (const [name, { rules }] of chains) {
    for (const rule of rules) lines.push(`add rule ip ${table} ${name} ${rule}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Removes the table; the first line makes the second one succeed where there is none. */
export const renderRemoval = (table: string): string => `table ip ${table}\ndelete table ip ${table}\n`;
