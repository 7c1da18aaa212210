import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAllocator } from './allocator.ts';
import { createBlocks } from './blocks.ts';

const small = () => createBlocks({ clusterCidr: '10.42.0.0/21', nodeCidrBits: 24 });

describe('the parts of a network', () => {
  it('are numbered from its first address, even if it is written with another one', () => {
    const blocks = createBlocks({ clusterCidr: '10.42.7.9/16', nodeCidrBits: 24 });
    expect([blocks.count, blocks.cidr(0), blocks.cidr(255)]).toEqual([256, '10.42.0.0/24', '10.42.255.0/24']);
    expect(createBlocks({ clusterCidr: '10.42.104.0/24', nodeCidrBits: 24 }).cidr(0)).toBe('10.42.104.0/24');
    expect(createBlocks({ clusterCidr: '255.255.0.0/16', nodeCidrBits: 26 }).cidr(1023)).toBe('255.255.255.192/26');
  });

  it.each([
    ['10.42.4.0/24', [4, 4]],
    ['10.42.2.0/23', [2, 3]],
    ['10.42.3.128/25', [3, 3]],
    ['10.0.0.0/8', [0, 7]],
    ['10.43.0.0/24', undefined],
    ['fd00::/64', undefined],
    ['nonsense', undefined],
  ])('that %s touches are %o', (cidr, wanted) => {
    expect(small().overlapping(cidr)).toEqual(wanted);
  });

  it.each([
    ['10.42.0.0/16', 15],
    ['10.42.0.0/16', 31],
    ['10.42.0.0/16', 24.5],
    ['10.0.0.0/8', 25],
    ['10.42.0.0', 24],
    ['fd00::/48', 64],
  ])('of %s in /%s are refused', (clusterCidr, nodeCidrBits) => {
    expect(() => createBlocks({ clusterCidr, nodeCidrBits })).toThrow(/^nodeIpam/);
  });
});

describe('the allocator', () => {
  it('gives parts in order, lets freed ones rest, and gives a node that comes back what it had', () => {
    const allocator = createAllocator(small());
    expect(['a', 'b', 'c'].map(allocator.allocate)).toEqual(['10.42.0.0/24', '10.42.1.0/24', '10.42.2.0/24']);
    allocator.release('b');
    expect(allocator.allocate('d')).toBe('10.42.3.0/24');
    expect(allocator.allocate('b')).toBe('10.42.1.0/24');
  });

  it('says when all are taken, and gives a freed one to whoever asks', () => {
    const allocator = createAllocator(small());
    for (let index = 0; index < 8; index++) expect(allocator.allocate(`n${index}`)).toBeDefined();
    expect(allocator.allocate('late')).toBeUndefined();
    allocator.release('n5');
    expect(allocator.allocate('late')).toBe('10.42.5.0/24');
    expect(allocator.allocate('n5')).toBeUndefined();
  });

  it('names a node that was given an overlapping network', () => {
    const allocator = createAllocator(small());
    allocator.observe('a', ['10.42.1.0/24']);
    expect(allocator.rivalOf('a')).toBeUndefined();
    allocator.observe('b', ['10.42.0.0/23']);
    expect([allocator.rivalOf('a'), allocator.rivalOf('b')]).toEqual(['b', 'a']);
    allocator.release('b');
    expect(allocator.rivalOf('a')).toBeUndefined();
  });

  const name = fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `n${index}`));
  const foreign = fc.constantFrom('10.42.3.0/24', '10.42.4.0/23', '10.42.6.64/26', '10.9.0.0/24', 'fd00::/64');
  const action = fc.oneof(
    fc.record({ kind: fc.constant('allocate' as const), node: name }),
    fc.record({ kind: fc.constant('confirm' as const), node: name }),
    fc.record({ kind: fc.constant('release' as const), node: name }),
    fc.record({ kind: fc.constant('foreign' as const), node: name, cidr: foreign }),
  );

  it('never gives out what another node has, whatever happened before, and remembers no more than there is', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const blocks = small();
        const allocator = createAllocator(blocks);
        /** The truth: what each node that is there was given, by us or by others. */
        const held = new Map<string, string>();
        for (const step of actions) {
          if (step.kind === 'release') {
            held.delete(step.node);
            allocator.release(step.node);
          } else if (step.kind === 'foreign') {
            held.set(step.node, step.cidr);
            allocator.observe(step.node, [step.cidr]);
          } else if (step.kind === 'confirm') {
            allocator.observe(step.node, held.has(step.node) ? [held.get(step.node) ?? ''] : []);
          } else if (!held.has(step.node)) {
            const given = allocator.allocate(step.node);
            const taken = [...held.values()].map((cidr) => blocks.overlapping(cidr));
            const isFree = (index: number): boolean =>
              !taken.some((range) => range && range[0] <= index && index <= range[1]);
            if (given === undefined) {
              expect(Array.from({ length: 8 }, (_, index) => index).filter(isFree)).toEqual([]);
            } else {
              expect(isFree(blocks.overlapping(given)?.[0] ?? -1)).toBe(true);
              expect(allocator.allocate(step.node)).toBe(given);
              held.set(step.node, given);
            }
          }
          expect(allocator.nodes).toBe(held.size);
        }
      }),
      { numRuns: 500 },
    );
  });
});
