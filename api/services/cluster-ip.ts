import { type FieldError, fieldInvalid } from '../field-error.ts';
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
  const { base, size } = parseCidr(cidr);
  if (requested) {
    const number = isIPv4(requested) ? toNumber(requested) : -1;
    // The network's own address and its last one are nobody's.
    if (number <= base || number >= base + size - 1) return refuse(requested, rangeMessage(requested, cidr));
    return used.has(requested)
      ? refuse(requested, `failed to allocate IP ${requested}: provided IP is already allocated`)
      : { ip: requested };
  }
  const first = base + 1;
  const count = size - 2;
  const low = Math.min(reserved(size), count - 1);
  const upper = count - low;
  const start = Math.abs(Math.trunc(seed)) % upper;
  for (let step = 0; step < count; step++) {
    // Upper part first, from the seed on and around; then the reserved rest.
    const offset = step < upper ? low + ((start + step) % upper) : step - upper;
    const ip = toText(first + offset);
    if (!used.has(ip)) return { ip };
  }
  return refuse(requested ?? '', 'failed to allocate IP: range is full');
}

const rangeMessage = (ip: string, cidr: string): string =>
  `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${cidr}`;

const refuse = (value: string, words: string): ClusterIPResult => ({
  error: fieldInvalid('spec.clusterIPs', value ? [value] : [], words),
});

function parseCidr(cidr: string): { base: number; size: number } {
  const [address = '', bits = ''] = cidr.split('/');
  const prefix = Number(bits);
  if (!isIPv4(address) || !Number.isInteger(prefix) || prefix < 8 || prefix > 28) {
    throw new Error(`service network ${JSON.stringify(cidr)} must be an IPv4 network of /8 to /28`);
  }
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(toNumber(address) / size) * size, size };
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const toText = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.trunc(number / 2 ** shift) % 256).join('.');
