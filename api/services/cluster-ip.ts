import { type FieldError, fieldInvalid } from '../field-error.ts';
import { ipv4ToNumber, numberToIPv4, parseIPv4Network } from '../ipv4-network.ts';
import { isIPv4 } from '../validation/ip.ts';

export interface ClusterIPRequest {
  /** The service network, for example 10.43.0.0/16. */
  readonly cidr: string;
  /** Every address that a service holds now. */
  readonly used: ReadonlySet<string>;
  /** What the service asks for; absent: whatever is free. */
  readonly requested?: string | undefined;
  /** Where the search begins; two allocators that draw differently seldom meet. */
  readonly seed: number;
}

export type ClusterIPResult = { readonly ip: string } | { readonly error: FieldError };

/** The first addresses are for services whose address is known beforehand (the API itself, DNS). */
const reserved = (size: number): number => Math.min(256, Math.max(16, Math.trunc(size / 16)));

/**
 * An address that nobody holds, or why there is none. Pure: the caller must hold `used` still until the service that
 * takes the address is written, or two services could get one.
 */
export function allocateClusterIP({ cidr, used, requested, seed }: ClusterIPRequest): ClusterIPResult {
  const network = parseIPv4Network(cidr);
  if (!network || network.bits < 8 || network.bits > 28) {
    throw new Error(`service network ${JSON.stringify(cidr)} must be an IPv4 network of /8 to /28`);
  }
  if (requested) {
    const number = isIPv4(requested) ? ipv4ToNumber(requested) : -1;
    // The network's own address and its last one are nobody's.
    if (number <= network.first || number >= network.last) return refuse(requested, rangeMessage(requested, cidr));
    return used.has(requested)
      ? refuse(requested, `failed to allocate IP ${requested}: provided IP is already allocated`)
      : { ip: requested };
  }
  const first = network.first + 1;
  const count = network.last - first;
  const low = Math.min(reserved(network.last - network.first + 1), count - 1);
  const upper = count - low;
  const start = Math.abs(Math.trunc(seed)) % upper;
  for (let step = 0; step < count; step++) {
    // Upper part first, from the seed on and around; then the reserved rest.
    const offset = step < upper ? low + ((start + step) % upper) : step - upper;
    const ip = numberToIPv4(first + offset);
    if (!used.has(ip)) return { ip };
  }
  return refuse(requested ?? '', 'failed to allocate IP: range is full');
}

const rangeMessage = (ip: string, cidr: string): string =>
  `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${cidr}`;

const refuse = (value: string, words: string): ClusterIPResult => ({
  error: fieldInvalid('spec.clusterIPs', value ? [value] : [], words),
});
