import { afterEach, expect, test } from 'vitest';
import type { V1Endpoint, V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices, nodes } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createAcknowledger, withdrawn } from './acknowledge.ts';

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

const endpoint = (address: string, ready: boolean): V1Endpoint => ({ addresses: [address], conditions: { ready } });
const slice = (name: string, ...endpoints: V1Endpoint[]): V1EndpointSlice => ({
  metadata: { name, namespace: 'default' },
  addressType: 'IPv4',
  endpoints,
});

async function setUp(options: { nodeCount?: number } = {}) {
  const clock = createVirtualClock();
  const random = createSeededRandom(4);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  for (let index = 0; index < (options.nodeCount ?? 1); index += 1)
    await client.create(nodes, { metadata: { name: `node-${index}` } });
  const informers = createInformerFactory(client, { clock, random, log });
  let applied = 0n;
  const listeners = new Set<() => void>();
  const endpoints = {
    applied: () => applied,
    onApplied(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  /** The lease as a node keeps it: a renewal says what is true at its moment. */
  const renewals: { atMs: number; applied: string | undefined }[] = [];
  let source: () => Readonly<Record<string, string>> = () => ({});
  const startedMs = clock.now();
  const renew = (): void => {
    renewals.push({ atMs: clock.now() - startedMs, applied: source()['berth.dev/endpoints-applied'] });
  };
  const lease = {
    renewNow: renew,
    annotate(annotations: typeof source) {
      source = annotations;
    },
  };
  const forgotten: string[] = [];
  const openings = {
    forget: (addresses: readonly string[]) => void forgotten.push(...addresses),
    close: async () => undefined,
  };
  const acknowledger = createAcknowledger({ informers, endpoints, lease, openings, clock });
  const controller = new AbortController();
  const running = acknowledger.run(controller.signal);
  informers.start(controller.signal);
  endings.push(async () => {
    controller.abort();
    await running;
    await informers.stopped();
  });
  await clock.advance(0);
  return {
    clock,
    renewals,
    forgotten,
    renew,
    listeners,
    /** The rules have caught up with everything written so far, or with `revision`. */
    async apply(revision = BigInt(client.version)) {
      applied = revision;
      for (const listener of listeners) listener();
      await clock.advance(0);
    },
    async write(object: V1EndpointSlice) {
      const key = { namespace: 'default', name: object.metadata?.name ?? '' };
      const old = await client.get(endpointSlices, key).catch(() => undefined);
      if (old) await client.update(endpointSlices, { ...old, endpoints: object.endpoints });
      else await client.create(endpointSlices, object);
      await clock.advance(0);
      return BigInt(client.version);
    },
  };
}

test('renews at once when the rules have withdrawn an endpoint, and not before', async () => {
  const { write, apply, renewals, forgotten } = await setUp();
  await write(slice('a', endpoint('10.42.0.2', true), endpoint('10.42.0.3', true)));
  await apply();
  expect(renewals).toEqual([]);
  const revision = await write(slice('a', endpoint('10.42.0.2', false), endpoint('10.42.0.3', true)));
  await apply(revision - 1n);
  expect(renewals).toEqual([]);
  expect(forgotten).toEqual([]);
  await apply(revision);
  expect(renewals).toEqual([{ atMs: 0, applied: String(revision) }]);
  expect(forgotten).toEqual(['10.42.0.2']);
});

test('what only adds is told with the next ordinary renewal', async () => {
  const { write, apply, renewals, renew } = await setUp();
  await write(slice('a'));
  const revision = await write(slice('a', endpoint('10.42.0.2', true)));
  await apply();
  expect(renewals).toEqual([]);
  renew();
  expect(renewals.at(-1)?.applied).toBe(String(revision));
});

test('many at once lead to few renewals, and the last one is told', async () => {
  const { clock, write, apply, renewals } = await setUp();
  await write(slice('a', ...Array.from({ length: 50 }, (_, index) => endpoint(`10.42.0.${index + 1}`, true))));
  let revision = 0n;
  for (let gone = 1; gone <= 50; gone += 1) {
    const all = Array.from({ length: 50 }, (_, index) => endpoint(`10.42.0.${index + 1}`, index >= gone));
    revision = await write(slice('a', ...all));
    await apply(revision);
    await clock.advance(1);
  }
  await clock.advance(100);
  expect(renewals.length).toBeLessThanOrEqual(4);
  expect(renewals.at(-1)?.applied).toBe(String(revision));
});

test('in a large cluster the renewals are further apart', async () => {
  const { clock, write, apply, renewals } = await setUp({ nodeCount: 500 });
  await write(slice('a', endpoint('10.42.0.1', true), endpoint('10.42.0.2', true)));
  await apply(await write(slice('a', endpoint('10.42.0.1', false), endpoint('10.42.0.2', true))));
  await apply(await write(slice('a', endpoint('10.42.0.1', false), endpoint('10.42.0.2', false))));
  expect(renewals).toHaveLength(1);
  await clock.advance(499);
  expect(renewals).toHaveLength(1);
  await clock.advance(2);
  expect(renewals).toHaveLength(2);
});

test('an ordinary renewal that told it makes another one needless', async () => {
  const { clock, write, apply, renewals, renew } = await setUp();
  await write(slice('a', endpoint('10.42.0.1', true), endpoint('10.42.0.2', true)));
  await apply(await write(slice('a', endpoint('10.42.0.2', true))));
  await apply(await write(slice('a')));
  renew();
  expect(renewals).toHaveLength(2);
  await clock.advance(1_000);
  expect(renewals).toHaveLength(2);
});

test('what is withdrawn: addresses that were sent to before and are not any more', () => {
  const before = slice('a', endpoint('10.42.0.1', true), endpoint('10.42.0.2', false), { addresses: ['10.42.0.3'] });
  expect(withdrawn(before, slice('a', endpoint('10.42.0.1', true), endpoint('10.42.0.3', true)))).toEqual([]);
  expect(withdrawn(before, slice('a', endpoint('10.42.0.1', false)))).toEqual(['10.42.0.1', '10.42.0.3']);
  expect(withdrawn(slice('a'), before)).toEqual([]);
});
