import { describe, expect, it } from 'vitest';
import { chainName, type PickChain, parseChainName, pickRules } from './pick-chains.ts';

const chain: PickChain = { by: 'address', view: 'cluster', count: 3, masquerade: false };

describe('pick chains', () => {
  it.each<PickChain>([
    { ...chain, stickySeconds: undefined },
    { by: 'node-port', view: 'local', count: 16_384, masquerade: true, stickySeconds: 10_800 },
  ])('are known by their names: %j', (one) => expect(parseChainName(chainName(one))).toEqual(one));

  it('lead clients too that the kernel has no room left to remember', () => {
    // A rule whose `update` finds the map full ends there.
    const rules = pickRules({ ...chain, stickySeconds: 10_800 }).filter((rule) => !rule.includes('update @affinity'));
    const leading = rules.filter((rule) => rule.includes('dnat ip to'));
    expect(leading).toHaveLength(2);
    expect(leading[0]).toContain('numgen random mod 3');
    for (const rule of leading) expect(rule).toContain('map @picks');
  });
});
