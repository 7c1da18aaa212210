import { afterEach, expect, it } from 'vitest';
import { events, nodes } from '#api/kinds.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';

const settings = { clusterCidr: '10.42.0.0/22', nodeCidrBits: 24 };
let bed: TestControllers;
afterEach(() => bed.stop());

const create = (name: string, spec = {}) => bed.client.create(nodes, { metadata: { name }, spec });
const remove = (name: string) => bed.done(bed.client.delete(nodes, { name }));
const cidrs = async (): Promise<Record<string, string | undefined>> => {
  const { items } = await bed.client.list(nodes);
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec?.podCIDR]));
};
const told = async (reason: string): Promise<readonly string[]> => {
  const { items } = await bed.client.list(events, {});
  return items.filter((one) => one.reason === reason).map((one) => `${one.involvedObject.name}: ${one.message}`);
};

it('gives each node a part of its own, beside those that came with one', async () => {
  bed = await startTestControllers({ nodeIpam: settings });
  await Promise.all([create('a'), create('b', { podCIDR: '10.42.0.0/24', podCIDRs: ['10.42.0.0/24'] }), create('c')]);
  await bed.clock.advance(1_000);
  const { a, b, c } = await cidrs();
  expect(b).toBe('10.42.0.0/24');
  expect([a, c].toSorted()).toEqual(['10.42.1.0/24', '10.42.2.0/24']);
  const { spec } = await bed.client.get(nodes, { name: 'a' });
  expect(spec?.podCIDRs).toEqual([a]);
});

it('gives the only node of a small cluster the whole network', async () => {
  bed = await startTestControllers({ nodeIpam: { clusterCidr: '10.42.104.0/24', nodeCidrBits: 24 } });
  await create('only');
  await bed.clock.advance(1_000);
  expect(await cidrs()).toEqual({ only: '10.42.104.0/24' });
});

it('says when none is left, and gives the next that is freed to a node that waits', async () => {
  bed = await startTestControllers({ nodeIpam: settings });
  for (const name of ['a', 'b', 'c', 'd']) await bed.done(create(name));
  await bed.done(create('late'));
  await bed.clock.advance(1_000);
  expect((await cidrs()).late).toBeUndefined();
  expect(await told('CIDRNotAvailable')).toEqual([
    'late: no part of the pod network 10.42.0.0/22 is left for this node: all 4 of /24 are taken. Remove nodes that are gone ' +
      'for good (berth node remove NAME), or make the cluster with a larger --pod-cidr',
  ]);
  const freed = (await cidrs()).b;
  await remove('b');
  await bed.clock.advance(1_000);
  expect((await cidrs()).late).toBe(freed);
});

it('gives a node that is made anew what it had', async () => {
  bed = await startTestControllers({ nodeIpam: settings });
  for (const name of ['a', 'b']) await bed.done(create(name));
  await bed.clock.advance(1_000);
  const before = (await cidrs()).a;
  await remove('a');
  await bed.done(create('a'));
  await bed.clock.advance(1_000);
  expect((await cidrs()).a).toBe(before);
});

it('tells of two nodes whose networks overlap', async () => {
  bed = await startTestControllers({ nodeIpam: settings });
  await bed.done(create('a', { podCIDR: '10.42.0.0/23', podCIDRs: ['10.42.0.0/23'] }));
  await bed.done(create('b', { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] }));
  await bed.clock.advance(1_000);
  expect(await told('CIDRAssignmentConflict')).toEqual([expect.stringMatching(/^b: .*overlaps with that of node a:/)]);
});

it('serves a thousand nodes at once', async () => {
  bed = await startTestControllers({ nodeIpam: { clusterCidr: '10.32.0.0/12', nodeCidrBits: 24 } });
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => create(`n${index}`)));
  await bed.clock.advance(10_000);
  const given = Object.values(await cidrs());
  expect(given).not.toContain(undefined);
  expect(new Set(given).size).toBe(1_000);
});
