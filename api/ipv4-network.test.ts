import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cidrAddress,
  holds,
  holdsAddress,
  type IPv4Network,
  ipv4NetworkText,
  ipv4ToNumber,
  isIPv4Network,
  numberToIPv4,
  overlap,
  parseIPv4Network,
} from './ipv4-network.ts';

const addresses = fc.ipV4();
const lengths = fc.integer({ min: 0, max: 32 });
const networks = fc.tuple(addresses, lengths).map(([address, bits]) => ({ address, ...parsed(address, bits) }));
// Two drawn freely seldom touch: these share their beginning as often as not.
const neighbours = fc.tuple(networks, networks, fc.boolean()).map(([a, b, near]) => {
  const address = near ? numberToIPv4(Math.min(a.first + (b.first % 1024), 2 ** 32 - 1)) : b.address;
  return [a, { address, ...parsed(address, b.bits) }] as const;
});

function parsed(address: string, bits: number): IPv4Network {
  const network = parseIPv4Network(`${address}/${bits}`);
  if (!network) throw new Error(`${address}/${bits} was not understood`);
  return network;
}

function listOf({ address, bits }: { readonly address: string; readonly bits: number }): BlockList {
  const list = new BlockList();
  list.addSubnet(address, bits);
  return list;
}

describe('an address', () => {
  it('comes back from its number', () => {
    fc.assert(fc.property(addresses, (address) => numberToIPv4(ipv4ToNumber(address)) === address));
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => ipv4ToNumber(numberToIPv4(n)) === n));
  });

  it('is a positive number beyond 127.255.255.255 too', () => {
    expect(ipv4ToNumber('255.255.255.255')).toBe(2 ** 32 - 1);
    expect(numberToIPv4(2 ** 31)).toBe('128.0.0.0');
  });
});

describe('a network', () => {
  it('is the same whichever of its addresses it is written with', () => {
    fc.assert(
      fc.property(networks, fc.nat(), ({ first, last, bits }, step) => {
        const other = numberToIPv4(first + (step % (last - first + 1)));
        expect(parseIPv4Network(`${other}/${bits}`)).toEqual({ first, last, bits });
      }),
    );
  });

  it('comes back from its text', () => {
    fc.assert(
      fc.property(networks, ({ first, last, bits }) => {
        expect(parseIPv4Network(ipv4NetworkText({ first, bits }))).toEqual({ first, last, bits });
      }),
    );
  });

  it('ends where Node says that it ends', () => {
    fc.assert(
      fc.property(networks, ({ first, last, ...network }) => {
        const list = listOf(network);
        expect([first, last].map((one) => list.check(numberToIPv4(one)))).toEqual([true, true]);
        if (first > 0) expect(list.check(numberToIPv4(first - 1))).toBe(false);
        if (last < 2 ** 32 - 1) expect(list.check(numberToIPv4(last + 1))).toBe(false);
      }),
    );
  });

  it('holds the addresses that Node says it holds', () => {
    fc.assert(
      fc.property(neighbours, ([network, { address }]) => {
        expect(holdsAddress(network, ipv4ToNumber(address))).toBe(listOf(network).check(address));
      }),
    );
  });

  it('either holds another, lies in it, or has nothing in common with it', () => {
    fc.assert(
      fc.property(neighbours, ([a, b]) => {
        expect(overlap(a, b)).toBe(holds(a, b) || holds(b, a));
        expect(overlap(b, a)).toBe(overlap(a, b));
        expect(holds(a, b)).toBe(a.bits <= b.bits && holdsAddress(a, b.first));
      }),
    );
  });

  it.each([
    ['0.0.0.0/0', 0, 2 ** 32 - 1],
    ['10.42.7.9/24', 0x0a2a0700, 0x0a2a07ff],
    ['255.255.255.255/32', 2 ** 32 - 1, 2 ** 32 - 1],
  ])('%s', (text, first, last) => expect(parseIPv4Network(text)).toMatchObject({ first, last }));

  it.each([
    '',
    '/',
    '10.42.0.0',
    '10.42.0.0/',
    '10.42.0.0/33',
    '10.42.0.0/-1',
    '10.42.0.0/1e1',
    '10.42.0/16',
    '10.42.0.0.0/16',
    '10.42.256.0/16',
    '10..0.0/16',
    // Some programs would read it as 8.42.0.0.
    '010.42.0.0/16',
    '10.42.0.0/08',
    '10.42.0.0/16/16',
    ' 10.42.0.0/16',
    '10.42.0.0/16\n',
    'fd00::/108',
    '::ffff:10.42.0.0/16',
  ])('%j is none', (text) => expect(isIPv4Network(text)).toBe(false));
});

describe('cidrAddress', () => {
  it('counts from the start of the network', () => expect(cidrAddress('10.43.7.9/16', 10)).toBe('10.43.0.10'));
  it('counts from its end', () => expect(cidrAddress('10.43.7.9/16', -2)).toBe('10.43.255.254'));
  it('has every address of the network from both ends, and no other', () => {
    expect(cidrAddress('10.43.0.0/30', 3)).toBe('10.43.0.3');
    expect(cidrAddress('10.43.0.0/30', -4)).toBe('10.43.0.0');
    for (const index of [4, -5]) expect(() => cidrAddress('10.43.0.0/30', index)).toThrow(TypeError);
  });
  it('says what it cannot read', () => expect(() => cidrAddress('fd00::/108', 1)).toThrow('"fd00::/108" is not'));
});
