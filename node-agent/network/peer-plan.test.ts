import { describe, expect, it } from 'vitest';
import type { Interface } from './kernel-state.ts';
import type { NodeFacts } from './node-facts.ts';
import { macOf, type PlanInput, planPeers, vniOf } from './peer-plan.ts';

const link = (name: string, addresses: readonly string[], more: Partial<Interface> = {}): Interface => ({
  name,
  up: true,
  loopback: false,
  mtu: 1_500,
  addresses,
  ...more,
});
const peer = (name: string, podCidr: string | undefined, address: string | undefined): NodeFacts => ({
  name,
  podCidr,
  address,
});
const plan = (change: Partial<PlanInput>) =>
  planPeers({
    own: { podCidr: '10.42.1.0/24', address: '192.0.2.1' },
    peers: [peer('near', '10.42.2.0/24', '192.0.2.2'), peer('far', '10.42.3.0/24', '198.51.100.3')],
    mode: 'auto',
    clusterCidr: '10.42.0.0/16',
    interfaces: [link('lo', ['127.0.0.1/8'], { loopback: true }), link('eth0', ['192.0.2.1/24'])],
    bridge: 'berth0',
    tunnel: 'berth0vx',
    vxlan: { vni: 7, port: 4789 },
    ...change,
  });
const ways = (change: Partial<PlanInput>) => plan(change).routes.map(({ to, via, device }) => `${to} ${via} ${device}`);

describe('the way to a node', () => {
  it('is a route on one link, and VXLAN otherwise', () => {
    expect(plan({})).toEqual({
      mtu: 1_500,
      routes: [
        { to: '10.42.3.0/24', via: '10.42.3.0', device: 'berth0vx', source: '10.42.1.1', mtu: 1_450 },
        { to: '10.42.2.0/24', via: '192.0.2.2', device: 'eth0', source: undefined, mtu: undefined },
      ],
      tunnel: { name: 'berth0vx', vni: 7, port: 4789, mac: '02:be:0a:2a:01:00', mtu: 1_450, local: '192.0.2.1' },
      neighbours: [{ address: '10.42.3.0', mac: '02:be:0a:2a:03:00' }],
      forwarding: [{ address: '198.51.100.3', mac: '02:be:0a:2a:03:00' }],
      refused: [],
    });
  });

  it('is VXLAN for all where that was chosen; pods are then made for it', () => {
    expect(ways({ mode: 'vxlan' })).toEqual(['10.42.3.0/24 10.42.3.0 berth0vx', '10.42.2.0/24 10.42.2.0 berth0vx']);
    expect(plan({ mode: 'vxlan' }).mtu).toBe(1_450);
  });

  it("is left to the network's own routers where only routes were chosen", () => {
    expect(ways({ mode: 'route' })).toEqual(['10.42.2.0/24 192.0.2.2 eth0']);
    expect(plan({ mode: 'route' }).tunnel).toBeUndefined();
  });

  it('is found over any link of this machine, but not over one that is down or belongs to pods', () => {
    const eth0 = link('eth0', ['192.0.2.1/24']);
    const second = (more: Partial<Interface>, name = 'eth1') =>
      ways({ interfaces: [eth0, link(name, ['198.51.100.1/24'], more)] });
    expect(second({})).toContain('10.42.3.0/24 198.51.100.3 eth1');
    for (const other of [
      second({ up: false }),
      second({ loopback: true }),
      second({}, 'berth0'),
      second({}, 'berth0vx'),
    ]) {
      expect(other).toContain('10.42.3.0/24 10.42.3.0 berth0vx');
    }
  });

  it('has the sizes of the link that carries the node, whatever it is', () => {
    const jumbo = plan({ interfaces: [link('eth0', ['192.0.2.1/24'], { mtu: 9_000 })] });
    expect([jumbo.mtu, jumbo.tunnel?.mtu, jumbo.routes[0]?.mtu]).toEqual([9_000, 8_950, 8_950]);
  });

  it('takes the smallest link where none has the address that others use', () => {
    const interfaces = [link('eth0', ['10.0.0.5/24']), link('eth1', ['10.0.1.5/24'], { mtu: 1_400 })];
    const behind = plan({ own: { podCidr: '10.42.1.0/24', address: '203.0.113.1' }, interfaces });
    expect([behind.mtu, behind.tunnel?.local, behind.tunnel?.mtu]).toEqual([1_400, undefined, 1_350]);
  });

  it('waits for a link that is not there yet', () => {
    const early = plan({ interfaces: [] });
    expect([early.mtu, early.tunnel?.local, early.tunnel?.mtu]).toEqual([undefined, undefined, 1_450]);
  });

  it('waits for a node that has no network or no address yet', () => {
    expect(ways({ peers: [peer('a', undefined, '192.0.2.2'), peer('b', '10.42.2.0/24', undefined)] })).toEqual([]);
  });
});

describe('a node that cannot be right', () => {
  it.each([
    [peer('x', '0.0.0.0/0', '192.0.2.9'), 'its pod network 0.0.0.0/0 is outside of the cluster'],
    [peer('x', '10.43.0.0/24', '192.0.2.9'), 'is outside of the cluster'],
    [peer('x', '10.42.1.0/25', '192.0.2.9'), 'overlaps with that of this node'],
    [peer('x', '10.42.2.128/25', '192.0.2.9'), 'overlaps with that of near'],
    [peer('x', '10.42.9.0/24', '192.0.2.1'), 'it has the address of this machine'],
  ])('%o is refused, and the others are reached', (wrong, why) => {
    const { refused, routes } = plan({ peers: [wrong, peer('near', '10.42.2.0/24', '192.0.2.2')] });
    expect(refused).toEqual([expect.stringContaining(why)]);
    expect(refused[0]).toMatch(/^node x: /);
    expect(routes).toHaveLength(1);
  });

  it('of two that claim the same, every machine takes the same one', () => {
    const a = peer('a', '10.42.2.0/24', '192.0.2.2');
    const b = peer('b', '10.42.2.0/24', '192.0.2.3');
    expect(ways({ peers: [a, b] })).toEqual(ways({ peers: [b, a] }));
    expect(ways({ peers: [b, a] })).toEqual(['10.42.2.0/24 192.0.2.2 eth0']);
  });
});

it('numbers tunnels by the cluster, and names their ends by the node', () => {
  expect(vniOf('10.42.0.0/16')).toBe(0x0a2a00);
  expect(vniOf('0.0.0.0/24')).toBe(1);
  expect(macOf('10.42.255.0/24')).toBe('02:be:0a:2a:ff:00');
});
