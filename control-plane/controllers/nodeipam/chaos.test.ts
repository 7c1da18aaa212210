import { expect, it } from 'vitest';
import { nodes } from '#api/kinds.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createFaultyClient, type FaultMix, noFaults } from '#client/testing/faults.ts';
import { startVirtualCore } from '#test/harness/virtual-core.ts';
import { createNodeIpamController } from './controller.ts';

const trouble: FaultMix = {
  refused: 0.1,
  answerLost: 0.15,
  twice: 0.1,
  delayed: 0.5,
  delayMaxMs: 800,
  watchCut: 0.05,
  eventTwice: 0.1,
};
const settings = { clusterCidr: '10.42.0.0/21', nodeCidrBits: 24 };
const seeds = Array.from({ length: 25 }, (_, index) => index + 1);

it.each(seeds)(
  'nobody has what another has, at any moment, however leaders change and answers are lost (seed %i)',
  async (seed) => {
    const core = await startVirtualCore(seed);
    const { clock, random, log, client } = core;
    let mix = trouble;

    const held = new Map<string, string>();
    const doubles: string[] = [];
    const watching = watchHolders(client, held, doubles, core.signal);

    /** A process that waits with a cache of its own, maybe behind, then leads until it is stopped: nothing of it reaches the server after that. */
    const join = () => {
      const process = new AbortController();
      const faulty = createFaultyClient(client, { clock, random, mix: () => mix, process: process.signal });
      const informers = createInformerFactory(faulty, { clock, random, log });
      informers.informer(nodes);
      informers.start(process.signal);
      let ended: Promise<unknown> = informers.stopped();
      return {
        lead() {
          const recorder = createEventRecorder({
            client: faulty,
            clock,
            random,
            component: 'x',
            signal: process.signal,
          });
          const context = { client: faulty, informers, clock, random, log, recorder };
          ended = Promise.all([createNodeIpamController(context, settings).run(process.signal), informers.stopped()]);
        },
        async stop() {
          process.abort(new Error('another leads'));
          await clock.advance(1_000);
          await ended;
        },
      };
    };

    let [leader, next] = [join(), join()];
    leader.lead();
    for (let step = 0; step < 60; step++) {
      const name = `n${Math.floor(random.next() * 10)}`;
      const choice = random.next();
      if (choice < 0.5) await client.create(nodes, { metadata: { name } }).catch(() => undefined);
      else if (choice < 0.85) await client.delete(nodes, { name }).catch(() => undefined);
      else {
        const old = leader;
        [leader, next] = [next, join()];
        const stopping = old.stop();
        leader.lead();
        await stopping;
      }
      await clock.advance(Math.floor(random.next() * 1_500));
    }
    mix = noFaults;
    await clock.advance(180_000);
    expect(doubles).toEqual([]);
    const { items } = await client.list(nodes);
    const given = items.map(({ spec }) => spec?.podCIDR).filter((cidr) => cidr !== undefined);
    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBe(Math.min(items.length, 8));

    await leader.stop();
    await next.stop();
    await core.stop(watching);
  },
);

it.each([
  ['lacks a node', true],
  ['lacks what a node was given', false],
])('a new leader whose cache %s asks the server first', async (_, created) => {
  const core = await startVirtualCore();
  const { clock, random, log, client, signal } = core;
  if (!created) await client.create(nodes, { metadata: { name: 'first' } });
  /** Never hears of the first node. */
  const behind: ApiClient = {
    ...client,
    async *watch(type, options) {
      for await (const event of client.watch(type, options)) if (event.object.metadata.name !== 'first') yield event;
    },
  };
  const informers = createInformerFactory(behind, { clock, random, log });
  informers.informer(nodes);
  informers.start(signal);
  await clock.advance(100);
  if (created) await client.create(nodes, { metadata: { name: 'first' } });
  const podCIDR = '10.42.0.0/24';
  await client.patch(nodes, { name: 'first' }, { type: 'merge', body: { spec: { podCIDR, podCIDRs: [podCIDR] } } });

  const recorder = createEventRecorder({ client, clock, random, component: 'x', signal });
  const two = { clusterCidr: '10.42.0.0/23', nodeCidrBits: 24 };
  const controller = createNodeIpamController({ client: behind, informers, clock, random, log, recorder }, two);
  const running = controller.run(signal);
  await clock.advance(1_000);
  await client.create(nodes, { metadata: { name: 'second' } });
  await clock.advance(1_000);
  expect((await client.get(nodes, { name: 'second' })).spec?.podCIDR).toBe('10.42.1.0/24');
  await client.create(nodes, { metadata: { name: 'third' } });
  await clock.advance(1_000);
  expect((await client.get(nodes, { name: 'third' })).spec?.podCIDR).toBeUndefined();
  await core.stop(running, informers.stopped());
});

/** Notes each moment at which two nodes have the same network, from outside of the controller. */
async function watchHolders(
  client: ApiClient,
  held: Map<string, string>,
  doubles: string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { type, object } of client.watch(nodes, { resourceVersion: '0', signal })) {
      const { name } = object.metadata;
      const cidr = object.spec?.podCIDR;
      if (type === 'DELETED') held.delete(name);
      else if (cidr !== undefined) {
        const other = [...held].find(([one, its]) => one !== name && its === cidr)?.[0];
        if (other !== undefined) doubles.push(`${cidr}: ${other} and ${name}`);
        held.set(name, cidr);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
