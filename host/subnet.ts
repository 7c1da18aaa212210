import { HostError } from './errors.ts';

/** The `index`-th IPv4 address of a network: 1 of 10.43.0.0/16 is 10.43.0.1. Throws a HostError when it is none. */
export function serviceAddress(cidr: string, index: number): string {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  const [a, b, c, d, bits] = (match?.slice(1) ?? []).map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined || bits === undefined || bits > 30) {
    throw new HostError(`${JSON.stringify(cidr)} is not an IPv4 network`, 'Write it as 10.43.0.0/16');
  }
  const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const address = (base & (0xffffffff << (32 - bits))) + index;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
