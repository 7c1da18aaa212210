import { isIPv4 } from 'node:net';
import type { V1Node } from '#api/generated/types.ts';
import { isIPv4Network } from '#api/ipv4-network.ts';

/** What the pod network needs to know of a node. */
export interface NodeFacts {
  readonly name: string;
  /** Undefined while the server has given it none. */
  readonly podCidr: string | undefined;
  /** Where the machine is reached; undefined before it has told. */
  readonly address: string | undefined;
}

/** IPv4 only, of both. */
export function factsOf(node: V1Node): NodeFacts {
  const { spec, status, metadata } = node;
  const cidrs = spec?.podCIDRs && spec.podCIDRs.length > 0 ? spec.podCIDRs : [spec?.podCIDR ?? ''];
  return {
    name: metadata?.name ?? '',
    podCidr: cidrs.find(isIPv4Network),
    address: status?.addresses?.find(({ type, address }) => type === 'InternalIP' && isIPv4(address))?.address,
  };
}

/** A network as numbers. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** `10.42.7.0/24` or an address with the length of its network; undefined for anything else. */
export function rangeOf(cidr: string): Range | undefined {
  if (!isIPv4Network(cidr)) return undefined;
  const [address = '', bits = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const value = numberOf(address);
  const first = value - (value % size);
  return { first, last: first + size - 1 };
}

export const numberOf = (address: string): number =>
  address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

export const addressOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

export const holds = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;

export const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;
