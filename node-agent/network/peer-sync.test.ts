import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInterfaces } from './kernel-state.ts';
import type { NodeFacts } from './node-facts.ts';
import { type NetworkMode, planPeers } from './peer-plan.ts';
import { syncPeers } from './peer-sync.ts';
import { createFakeKernel, type FakeKernel } from './testing/fake-kernel.ts';

const clusterCidr = '10.42.0.0/16';
const names = { clusterCidr, bridge: 'berth0', tunnel: 'berth0vx' };

interface World {
  readonly peers: readonly NodeFacts[];
  readonly mode: NetworkMode;
  readonly address: string;
}

function machine(address = '192.0.2.1'): FakeKernel {
  const kernel = createFakeKernel();
  kernel.addLink('lo', { addresses: ['127.0.0.1/8'] });
  kernel.addLink('eth0', { addresses: [`${address}/24`] });
  kernel.addLink('berth0', { kind: 'bridge', addresses: ['10.42.1.1/24'] });
  kernel.routes.push({
    to: '10.99.0.0/16',
    via: '192.0.2.250',
    device: 'eth0',
    source: undefined,
    mtu: undefined,
    protocol: '71',
  });
  kernel.routes.push({
    to: '10.42.200.0/24',
    via: '192.0.2.250',
    device: 'eth0',
    source: undefined,
    mtu: undefined,
    protocol: 'static',
  });
  return kernel;
}

async function sync(kernel: FakeKernel, { peers, mode, address }: World): Promise<number> {
  const plan = planPeers({
    own: { podCidr: '10.42.1.0/24', address },
    peers,
    mode,
    interfaces: await readInterfaces(kernel.run),
    vxlan: { vni: 7, port: 4789 },
    ...names,
  });
  return syncPeers(plan, { ...names, run: kernel.run, sysctlRoot: '/nowhere' });
}

const sorted = <T>(entries: readonly T[]): string[] => entries.map((one) => JSON.stringify(one)).toSorted();
const stateOf = ({ links, routes, neighbours, forwarding }: FakeKernel) => ({
  links: sorted([...links]),
  routes: sorted(routes),
  neighbours: sorted(neighbours),
  forwarding: sorted(forwarding),
});

const near = (index: number): NodeFacts => ({
  name: `n${index}`,
  podCidr: `10.42.${index}.0/24`,
  address: `192.0.2.${index}`,
});
const far = (index: number): NodeFacts => ({ ...near(index), address: `198.51.100.${index}` });

describe('routes, neighbours and tunnel', () => {
  it('are made once, and left alone when they are right', async () => {
    const kernel = machine();
    const world: World = { peers: [near(2), far(3), far(4)], mode: 'auto', address: '192.0.2.1' };
    expect(await sync(kernel, world)).toBe(8);
    const writes = kernel.writes.length;
    expect(await sync(kernel, world)).toBe(0);
    expect(kernel.writes).toHaveLength(writes);
  });

  it('lose a removed node and no one else', async () => {
    const kernel = machine();
    await sync(kernel, { peers: [near(2), far(3), far(4)], mode: 'auto', address: '192.0.2.1' });
    kernel.writes.length = 0;
    await sync(kernel, { peers: [near(2), far(4)], mode: 'auto', address: '192.0.2.1' });
    expect(kernel.writes).toEqual([
      'bridge fdb delete 02:be:0a:2a:03:00 dev berth0vx dst 198.51.100.3 self',
      'ip route delete 10.42.3.0/24 via 10.42.3.0 dev berth0vx proto 71',
      'ip neigh delete 10.42.3.0 dev berth0vx',
    ]);
  });

  it('are all done but the one that cannot be', async () => {
    const kernel = machine();
    kernel.failing = '10.42.3.0/24';
    const world: World = { peers: [far(3), far(4), near(5)], mode: 'auto', address: '192.0.2.1' };
    await expect(sync(kernel, world)).rejects.toThrow('Operation refused');
    const reached = kernel.routes.map(({ to }) => to);
    expect(reached).toContain('10.42.4.0/24');
    expect(reached).toContain('10.42.5.0/24');
    kernel.failing = undefined;
    expect(await sync(kernel, world)).toBe(1);
  });

  const node = fc
    .integer({ min: 2, max: 9 })
    .chain((index) => fc.constantFrom(near(index), far(index), { ...far(index), address: `203.0.113.${index}` }));
  const world = fc.record({
    peers: fc.uniqueArray(node, { selector: ({ name }) => name, maxLength: 8 }),
    mode: fc.constantFrom<NetworkMode>('auto', 'auto', 'route', 'vxlan'),
    address: fc.constant('192.0.2.1'),
  });
  const harm = fc.constantFrom<(kernel: FakeKernel) => void>(
    () => {},
    (kernel) => kernel.links.has('berth0vx') && kernel.deleteLink('berth0vx'),
    (kernel) => {
      kernel.routes = kernel.routes.filter(({ protocol, to }) => protocol !== '71' || to === '10.99.0.0/16');
    },
    (kernel) => {
      kernel.neighbours = [];
    },
    (kernel) => {
      kernel.forwarding = kernel.forwarding.map((one) => ({ ...one, address: '203.0.113.200' }));
    },
    (kernel) => {
      const tunnel = kernel.links.get('berth0vx');
      if (tunnel) tunnel.up = false;
    },
    (kernel) => {
      const tunnel = kernel.links.get('berth0vx');
      if (tunnel?.vxlan) tunnel.vxlan.local = '192.0.2.99';
    },
    (kernel) => {
      for (const route of kernel.routes) if (route.protocol === '71' && route.to !== '10.99.0.0/16') route.mtu = 600;
    },
  );

  it('are the same whatever they were before, whatever was done to them; what is not ours stays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(world, harm), { minLength: 1, maxLength: 6 }), async (steps) => {
        const kernel = machine();
        for (const [wanted, damage] of steps) {
          damage(kernel);
          await sync(kernel, wanted);
          const fresh = machine();
          await sync(fresh, wanted);
          expect(stateOf(kernel)).toEqual(stateOf(fresh));
          expect(await sync(kernel, wanted)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
