import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateClusterIP } from './cluster-ip.ts';

const cidr = '10.43.0.0/16';

describe('allocateClusterIP', () => {
  it('gives what is asked for, when it is free', () => {
    expect(allocateClusterIP({ cidr, used: new Set(), requested: '10.43.0.10', seed: 1 })).toEqual({
      ip: '10.43.0.10',
    });
  });

  it.each([
    ['10.43.0.10', 'provided IP is already allocated'],
    ['10.44.0.1', 'the provided IP (10.44.0.1) is not in the valid range. The range of valid IPs is 10.43.0.0/16'],
    ['10.43.0.0', 'is not in the valid range'],
    ['10.43.255.255', 'is not in the valid range'],
    ['fd00::1', 'is not in the valid range'],
    ['nonsense', 'is not in the valid range'],
  ])('refuses %s', (requested, words) => {
    const result = allocateClusterIP({ cidr, used: new Set(['10.43.0.10']), requested, seed: 1 });
    expect(result).toMatchObject({ error: { field: 'spec.clusterIPs', reason: 'FieldValueInvalid' } });
    expect('error' in result && result.error.message).toContain(words);
  });

  it('never gives an address twice, and gives every one before it says that the range is full', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (seeds) => {
        const used = new Set<string>();
        for (let count = 0; count < 254; count++) {
          const result = allocateClusterIP({ cidr: '10.9.8.0/24', used, seed: seeds.next().value ?? 0 });
          if (!('ip' in result)) throw new Error(`full after ${count}`);
          expect(used.has(result.ip)).toBe(false);
          used.add(result.ip);
        }
        expect(allocateClusterIP({ cidr: '10.9.8.0/24', used, seed: 3 })).toHaveProperty('error');
        expect(used).not.toContain('10.9.8.0');
        expect(used).not.toContain('10.9.8.255');
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the first addresses for those who ask for them', () => {
    for (let seed = 0; seed < 500; seed++) {
      const result = allocateClusterIP({ cidr, used: new Set(), seed: seed * 7919 });
      expect('ip' in result && Number(result.ip.split('.')[2])).toBeGreaterThan(0);
    }
  });

  it('refuses a network it cannot serve', () => {
    expect(() => allocateClusterIP({ cidr: '10.0.0.0/30', used: new Set(), seed: 0 })).toThrow('/8 to /28');
  });
});
