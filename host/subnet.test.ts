import { expect, it } from 'vitest';
import { serviceAddress } from './subnet.ts';

it.each([
  ['10.43.0.0/16', 1, '10.43.0.1'],
  ['10.43.0.0/16', 10, '10.43.0.10'],
  ['192.168.255.0/24', 255, '192.168.255.255'],
  ['10.43.7.9/16', 1, '10.43.0.1'],
])('%s, address %i is %s', (cidr, index, expected) => {
  expect(serviceAddress(cidr, index)).toBe(expected);
});

it.each(['', 'x', '10.43.0.0', 'fd00::/64', '10.0.0.0/31'])('refuses %s', (cidr) => {
  expect(() => serviceAddress(cidr, 1)).toThrow(/is not an IPv4 network/);
});
