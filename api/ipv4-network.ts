/** Arithmetic of IPv4 addresses and networks. Pure. */
import { isIPv4 } from './validation/ip.ts';

/** As numbers: the whole network that an address with a prefix length lies in. */
export interface IPv4Network {
  readonly first: number;
  readonly last: number;
  /** Prefix length, 0 to 32. */
  readonly bits: number;
}

/** `10.42.7.0/24`, or any address of the network with its length; undefined for anything else. */
export function parseIPv4Network(text: string): IPv4Network | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  const bits = Number(length);
  if (!isIPv4(address) || !/^(0|[1-9]\d?)$/.test(length) || bits > 32 || more.length > 0) return undefined;
  const size = 2 ** (32 - bits);
  const first = Math.floor(ipv4ToNumber(address) / size) * size;
  return { first, last: first + size - 1, bits };
}

export const isIPv4Network = (text: string): boolean => parseIPv4Network(text) !== undefined;

/** Reverse of `parseIPv4Network`, with the network's first address. */
export const ipv4NetworkText = ({ first, bits }: Pick<IPv4Network, 'first' | 'bits'>): string =>
  `${numberToIPv4(first)}/${bits}`;

/** Of an address that is known to be one. */
export const ipv4ToNumber = (address: string): number =>
  address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

export const numberToIPv4 = (number: number): string => ipv4Bytes(number).join('.');

/** The four bytes, the highest first. */
export const ipv4Bytes = (number: number): number[] =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256);

type Range = Pick<IPv4Network, 'first' | 'last'>;

/** Whether all of `inner` lies in `outer`. A network holds itself. */
export const holds = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;

export const holdsAddress = ({ first, last }: Range, address: number): boolean => first <= address && address <= last;

export const overlap = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

/**
 * The `index`-th address of a network: 10 of 10.43.0.0/16 is 10.43.0.10; negative ones count from its end, -1 is its last.
 * Throws a TypeError when it has none.
 */
export function cidrAddress(cidr: string, index: number): string {
  const network = parseIPv4Network(cidr);
  if (!network) throw new TypeError(`${JSON.stringify(cidr)} is not an IPv4 network such as 10.43.0.0/16`);
  const wanted = (index < 0 ? network.last + 1 : network.first) + index;
  if (!holdsAddress(network, wanted)) throw new TypeError(`${cidr} has no address number ${index}`);
  return numberToIPv4(wanted);
}
