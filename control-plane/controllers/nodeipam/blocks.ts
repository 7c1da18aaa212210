import { ipv4NetworkText, overlap, parseIPv4Network } from '#api/ipv4-network.ts';

export interface NodeIpamSettings {
  /** Addresses of all pods, IPv4. */
  readonly clusterCidr: string;
  /** Prefix length of each node's part of it. */
  readonly nodeCidrBits: number;
}

/** The cluster's addresses in equal parts, numbered from 0. */
export interface Blocks {
  readonly count: number;
  cidr(index: number): string;
  /** The parts that a network lies in or holds, as [first, last]; undefined when it has nothing to do with them. */
  overlapping(cidr: string): readonly [number, number] | undefined;
}

/** As many as kube-controller-manager allows: more nodes than any cluster has. */
const blocksMax = 65_536;

/** Throws a TypeError that names what makes no sense. */
export function createBlocks({ clusterCidr, nodeCidrBits }: NodeIpamSettings): Blocks {
  const whole = parseIPv4Network(clusterCidr);
  if (!whole) throw new TypeError(`nodeIpam.clusterCidr must be an IPv4 network, not ${JSON.stringify(clusterCidr)}`);
  const size = 2 ** (32 - nodeCidrBits);
  const count = (whole.last - whole.first + 1) / size;
  if (!Number.isInteger(nodeCidrBits) || nodeCidrBits > 30 || count < 1) {
    throw new TypeError(
      `nodeIpam.nodeCidrBits must lie between the length of ${clusterCidr} and 30, not ${nodeCidrBits}`,
    );
  }
  if (count > blocksMax)
    throw new TypeError(`nodeIpam: ${clusterCidr} has more than ${blocksMax} parts of /${nodeCidrBits}`);
  return {
    count,
    cidr: (index) => ipv4NetworkText({ first: whole.first + index * size, bits: nodeCidrBits }),
    overlapping(cidr) {
      const network = parseIPv4Network(cidr);
      if (!network || !overlap(network, whole)) return undefined;
      const first = Math.max(network.first, whole.first) - whole.first;
      const last = Math.min(network.last, whole.last) - whole.first;
      return [Math.floor(first / size), Math.floor(last / size)];
    },
  };
}
