/** Addresses as they stand in names. */
import { holdsAddress, ipv4ToNumber, parseIPv4Network } from '#api/ipv4-network.ts';

/** `1.0.43.10.in-addr.arpa` → `10.43.0.1`; undefined for what is no whole address. */
export function addressOfReverse(labels: readonly string[]): string | undefined {
  const zone = labels.slice(-2).join('.');
  const digits = labels.slice(0, -2).reverse();
  if (zone === 'in-addr.arpa') {
    if (digits.length !== 4 || !digits.every(isByte)) return undefined;
    return digits.join('.');
  }
  if (zone !== 'ip6.arpa' || digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit)))
    return undefined;
  return compressIPv6(Array.from({ length: 8 }, (_, index) => digits.slice(index * 4, index * 4 + 4).join('')));
}

/** `10-42-0-7` → `10.42.0.7`, `fd00--1` → `fd00::1`. */
export function addressOfDashed(label: string): string | undefined {
  const bytes = label.split('-');
  if (bytes.length === 4 && bytes.every(isByte)) return bytes.join('.');
  const text = label.replaceAll('-', ':');
  return text.includes(':') && URL.canParse(`http://[${text}]/`) ? canonicalAddress(text) : undefined;
}

export const dashed = (address: string): string => address.replace(/[.:]/g, '-');

/** One spelling for each address. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : address;
}

const isByte = (text: string): boolean => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255;

const compressIPv6 = (groups: readonly string[]): string => canonicalAddress(groups.join(':'));

/** Whether an IPv4 address lies in a network such as 10.42.0.0/16. */
export function inNetwork(address: string, cidr: string): boolean {
  const network = parseIPv4Network(cidr);
  return network !== undefined && !address.includes(':') && holdsAddress(network, ipv4ToNumber(address));
}
