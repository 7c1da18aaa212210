/** Which way pods of other nodes are reached. Pure. docs/decisions/0013 has the reasons. */
import {
  holds,
  holdsAddress,
  type IPv4Network,
  ipv4Bytes,
  ipv4NetworkText,
  ipv4ToNumber,
  numberToIPv4,
  overlap,
  parseIPv4Network,
} from '#api/ipv4-network.ts';
import type { Interface, Neighbour, Route } from './kernel-state.ts';
import type { NodeFacts } from './node-facts.ts';

/** `auto`: by a route to machines on a link of ours, else by VXLAN. `route`: never by VXLAN: the network knows the way to the others. */
export type NetworkMode = 'auto' | 'route' | 'vxlan';

export interface PlanInput {
  readonly own: { readonly podCidr: string; readonly address: string | undefined };
  /** All nodes but this one. */
  readonly peers: readonly NodeFacts[];
  readonly mode: NetworkMode;
  /** All nodes' pods: nothing outside of it is ever routed. */
  readonly clusterCidr: string;
  readonly interfaces: readonly Interface[];
  readonly bridge: string;
  readonly tunnel: string;
  readonly vxlan: VxlanSettings;
}

export interface VxlanSettings {
  readonly vni: number;
  /** UDP. */
  readonly port: number;
}

export interface WantedTunnel extends VxlanSettings {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly local: string | undefined;
}

export interface Plan {
  /** Of pods made from now on; undefined while this machine has no link. */
  readonly mtu: number | undefined;
  readonly routes: readonly Route[];
  /** Absent when nobody is reached by VXLAN. */
  readonly tunnel: WantedTunnel | undefined;
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly Neighbour[];
  /** Nodes that cannot be reached, and why. */
  readonly refused: readonly string[];
}

/** Outer Ethernet, IPv4, UDP and VXLAN headers. */
export const vxlanOverhead = 50;
const defaultMtu = 1_500;

/** The IANA's port for VXLAN: network cards know it. */
export const vxlanPort = 4_789;

/** The same on all machines of a cluster, another for each cluster on a machine: its network's first three bytes. */
export const vniOf = (clusterCidr: string): number =>
  Math.floor((parseIPv4Network(clusterCidr)?.first ?? 0) / 256) || 1;

/** Known to everybody from the node's part of the network alone. */
export function macOf(podCidr: string): string {
  const bytes = [0x02, 0xbe, ...ipv4Bytes(parseIPv4Network(podCidr)?.first ?? 0)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function planPeers(input: PlanInput): Plan {
  const { own, mode, bridge, tunnel, vxlan } = input;
  const links = input.interfaces.filter(
    ({ name, up, loopback }) => up && !loopback && name !== bridge && name !== tunnel,
  );
  const ownLink = links.find(({ addresses }) => addresses.some((one) => one.split('/')[0] === own.address));
  // Behind address translation no link has the address that others use: what fits through each fits through the right one.
  const link = ownLink ?? links.toSorted((a, b) => a.mtu - b.mtu)[0];
  const linkTo = (address: string): Interface | undefined => {
    const place = ipv4ToNumber(address);
    return links.find(({ addresses }) =>
      addresses.some((one) => {
        const network = parseIPv4Network(one);
        return network !== undefined && holdsAddress(network, place);
      }),
    );
  };
  const gateway = numberToIPv4((parseIPv4Network(own.podCidr)?.first ?? 0) + 1);
  const linkMtu = link?.mtu ?? defaultMtu;
  const routes: Route[] = [];
  const neighbours: Neighbour[] = [];
  const forwarding: Neighbour[] = [];
  const { accepted, refused } = acceptedPeers(input);
  for (const { podCidr, address } of accepted) {
    const near = mode === 'vxlan' ? undefined : linkTo(address);
    if (near) {
      routes.push({ to: podCidr, via: address, device: near.name, source: undefined, mtu: undefined });
    } else if (mode !== 'route') {
      // Nobody has a part's first address, so that it can stand for the node's end of the tunnel.
      const end = podCidr.split('/')[0] ?? '';
      const mac = macOf(podCidr);
      routes.push({ to: podCidr, via: end, device: tunnel, source: gateway, mtu: linkMtu - vxlanOverhead });
      neighbours.push({ address: end, mac });
      forwarding.push({ address, mac });
    }
  }
  return {
    mtu: link && (mode === 'vxlan' ? link.mtu - vxlanOverhead : link.mtu),
    routes,
    tunnel:
      neighbours.length === 0
        ? undefined
        : {
            ...vxlan,
            name: tunnel,
            mac: macOf(own.podCidr),
            mtu: linkMtu - vxlanOverhead,
            local: ownLink && own.address,
          },
    neighbours,
    forwarding,
    refused,
  };
}

interface Peer {
  readonly podCidr: string;
  readonly address: string;
}

/** By name, so that of two nodes that claim the same, each machine chooses the same one. */
function acceptedPeers(input: PlanInput): { accepted: Peer[]; refused: string[] } {
  const cluster = parseIPv4Network(input.clusterCidr);
  const taken: { readonly name: string; readonly network: IPv4Network }[] = [];
  const own = parseIPv4Network(input.own.podCidr);
  if (own) taken.push({ name: 'this node', network: own });
  const accepted: Peer[] = [];
  const refused: string[] = [];
  for (const { name, podCidr, address } of input.peers.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (podCidr === undefined || address === undefined) continue;
    const network = parseIPv4Network(podCidr);
    const other = network && taken.find((one) => overlap(one.network, network));
    if (!network || !cluster || !holds(cluster, network)) {
      refused.push(`node ${name}: its pod network ${podCidr} is outside of the cluster's ${input.clusterCidr}`);
    } else if (other) {
      refused.push(`node ${name}: its pod network ${podCidr} overlaps with that of ${other.name}`);
    } else if (address === input.own.address) {
      refused.push(`node ${name}: it has the address of this machine, ${address}`);
    } else {
      taken.push({ name, network });
      accepted.push({ podCidr: ipv4NetworkText(network), address });
    }
  }
  return { accepted, refused };
}
