import { expect, test } from 'vitest';
import type { V1ConfigMap } from '#api/generated/types.ts';
import { configMaps } from '#api/kinds.ts';
import { serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '../api-client.ts';
import { type InterceptedCall, interceptClient } from '../testing/intercept.ts';
import { createMemoryClient } from '../testing/memory-client.ts';
import { createInformer } from './create.ts';
import { createInformerFactory } from './factory.ts';

const map = (name: string, data: Record<string, string> = {}, namespace = 'default'): V1ConfigMap => ({
  metadata: { namespace, name },
  data,
});

function setUp(before: (call: InterceptedCall) => void = () => {}, wrap = (client: ApiClient) => client) {
  const clock = createVirtualClock();
  const random = createSeededRandom(7);
  const server = createMemoryClient({ clock, random });
  const calls: string[] = [];
  const client = interceptClient(wrap(server), (call) => {
    calls.push(call.verb);
    before(call);
  });
  const controller = new AbortController();
  const dependencies = { clock, random, log: createSilentLog() };
  const informer = createInformer(client, configMaps, {
    ...dependencies,
    indexes: { color: (object) => [object.data?.color ?? 'none'] },
  });
  const heard: string[] = [];
  informer.addHandler({
    onAdd: (object) => heard.push(`add ${object.metadata.name}`),
    onUpdate: (object, old) => heard.push(`update ${object.metadata.name} ${old.data?.color}→${object.data?.color}`),
    onDelete: (object) => heard.push(`delete ${object.metadata.name} ${object.data?.color}`),
  });
  const settle = () => clock.advance(0);
  return { clock, server, client, calls, controller, informer, heard, settle, dependencies };
}

test('lists, then follows changes in order, with frozen objects', async () => {
  const { server, controller, informer, heard, settle } = setUp();
  await server.create(configMaps, map('a', { color: 'red' }));
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  await server.create(configMaps, map('b'));
  await server.update(configMaps, map('a', { color: 'blue' }));
  await server.delete(configMaps, { namespace: 'default', name: 'a' });
  await settle();
  expect(heard).toEqual(['add a', 'add b', 'update a red→blue', 'delete a blue']);
  const [b] = informer.list();
  expect(Object.isFrozen(b?.metadata)).toBe(true);
  controller.abort();
  await running;
  expect(server.watches).toBe(0);
});

test('reads pages of 500 and keeps indexes and namespaces current', async () => {
  const { server, controller, informer, calls, settle } = setUp();
  for (let i = 0; i < 1200; i++) await server.create(configMaps, map(`m${i}`, { color: i % 2 ? 'red' : 'blue' }));
  await server.create(configMaps, map('other', { color: 'red' }, 'kube-system'));
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  expect(calls.filter((verb) => verb === 'list')).toHaveLength(3);
  expect(informer.list()).toHaveLength(1201);
  expect(informer.list('kube-system').map((object) => object.metadata.name)).toEqual(['other']);
  expect(informer.byIndex('color', 'red')).toHaveLength(601);
  await server.update(configMaps, map('other', { color: 'green' }, 'kube-system'));
  await settle();
  expect(informer.byIndex('color', 'red')).toHaveLength(600);
  expect(informer.byIndex('color', 'green')).toHaveLength(1);
  expect(() => informer.byIndex('shape', 'round')).toThrow('there is no index "shape"');
  controller.abort();
  await running;
});

test('resumes from the last version when the stream ends, without a new list', async () => {
  const { server, controller, informer, calls, heard, clock } = setUp();
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  for (let i = 0; i < 5; i++) {
    server.dropWatches();
    await server.create(configMaps, map(`m${i}`));
    await clock.advance(60_000);
  }
  expect(heard).toEqual(['add m0', 'add m1', 'add m2', 'add m3', 'add m4']);
  expect(calls.filter((verb) => verb === 'list')).toHaveLength(1);
  controller.abort();
  await running;
});

test('lists again when the version has expired, and finds what was deleted and remade meanwhile', async () => {
  let broken = false;
  const { server, controller, informer, heard, clock } = setUp(({ verb }) => {
    if (broken && verb === 'watch') throw serviceUnavailable('down');
  });
  for (const name of ['kept', 'gone', 'remade']) await server.create(configMaps, map(name, { color: name }));
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  heard.length = 0;
  broken = true;
  server.dropWatches();
  await clock.advance(1000);
  for (const name of ['gone', 'remade']) await server.delete(configMaps, { namespace: 'default', name });
  await server.create(configMaps, map('remade', { color: 'new' }));
  await server.create(configMaps, map('fresh'));
  server.compact();
  expect(heard).toEqual([]);
  broken = false;
  await clock.advance(120_000);
  expect(heard.sort()).toEqual(['add fresh', 'add remade', 'delete gone gone', 'delete remade remade']);
  controller.abort();
  await running;
});

test('a bookmark moves the version on, so that compaction does not force a list', async () => {
  const { server, controller, informer, calls, clock, settle } = setUp();
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  await settle();
  await server.create({ ...configMaps, resource: 'others' }, map('unrelated'));
  server.bookmark();
  await settle();
  server.compact();
  server.dropWatches();
  await clock.advance(60_000);
  expect(calls.filter((verb) => verb === 'list')).toHaveLength(1);
  controller.abort();
  await running;
});

test('keeps trying with growing, bounded pauses while the server is away', async () => {
  let broken = true;
  const attempts: number[] = [];
  const { server, controller, informer, clock } = setUp(({ verb }) => {
    if (verb === 'list') attempts.push(clock.now());
    if (broken) throw serviceUnavailable('down');
  });
  await server.create(configMaps, map('a'));
  const running = informer.run(controller.signal);
  await clock.advance(600_000);
  const pauses = attempts.slice(1).map((at, i) => at - (attempts[i] ?? 0));
  expect(pauses[0]).toBeLessThan(500);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(60_000);
  expect(attempts.length).toBeLessThan(40);
  broken = false;
  await clock.advance(60_000);
  expect(informer.synced).toBe(true);
  controller.abort();
  await running;
});

test('a server that ends every watch at once is not asked in a tight loop', async () => {
  const { controller, informer, calls, clock } = setUp(undefined, (client) => ({
    ...client,
    async *watch() {},
  }));
  const running = informer.run(controller.signal);
  await clock.advance(60_000);
  expect(calls.filter((verb) => verb === 'watch').length).toBeLessThan(20);
  controller.abort();
  await running;
});

test('a watch that neither speaks nor ends is cut off', async () => {
  const { server, controller, informer, clock, calls } = setUp(undefined, (client) => ({
    ...client,
    async *watch(_type, { signal }) {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  }));
  await server.create(configMaps, map('a'));
  const running = informer.run(controller.signal);
  await clock.advance(3_600_000);
  expect(calls.filter((verb) => verb === 'watch').length).toBeGreaterThan(4);
  controller.abort();
  await running;
});

test('repeated and late events change nothing', async () => {
  const { server, controller, informer, heard, settle } = setUp(undefined, (client) => ({
    ...client,
    async *watch(type, options) {
      const seen = [];
      for await (const event of client.watch(type, options)) {
        seen.push(event);
        yield* [...seen].reverse();
        yield* seen;
      }
    },
  }));
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  await server.create(configMaps, map('a', { color: 'red' }));
  await server.update(configMaps, map('a', { color: 'blue' }));
  await server.delete(configMaps, { namespace: 'default', name: 'a' });
  await settle();
  expect(heard).toEqual(['add a', 'update a red→blue', 'delete a blue']);
  controller.abort();
  await running;
});

test('a handler that is added late hears of what is there; one that throws does not stop the others', async () => {
  const { server, controller, informer, settle } = setUp();
  await server.create(configMaps, map('a'));
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  const late: string[] = [];
  informer.addHandler({
    onAdd() {
      throw new Error('bug');
    },
  });
  const remove = informer.addHandler({ onAdd: (object) => late.push(object.metadata.name) });
  await server.create(configMaps, map('b'));
  await settle();
  remove();
  await server.create(configMaps, map('c'));
  await settle();
  expect(late).toEqual(['a', 'b']);
  controller.abort();
  await running;
});

test('waiting for the first list ends with the signal', async () => {
  const { informer } = setUp();
  const controller = new AbortController();
  const waiting = informer.waitForSync(controller.signal);
  controller.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});

test('the factory shares one informer per kind, merges indexes, and starts late comers', async () => {
  const { server, client, controller, dependencies } = setUp();
  const factory = createInformerFactory(client, dependencies);
  const first = factory.informer(configMaps, { color: (object) => [object.data?.color ?? ''] });
  factory.start(controller.signal);
  await server.create(configMaps, map('a', { color: 'red' }));
  await factory.waitForSync(controller.signal);
  const second = factory.informer(configMaps, { name: (object) => [object.metadata?.name ?? ''] });
  expect(second).toBe(first);
  expect(second.byIndex('name', 'a')).toHaveLength(1);
  expect(second.byIndex('color', 'red')).toHaveLength(1);
  const late = factory.informer({ ...configMaps, resource: 'others' });
  await late.waitForSync(controller.signal);
  controller.abort();
  await factory.stopped();
  expect(server.watches).toBe(0);
});

test('tells up to which version everything is applied: after the handlers, by deletions and bookmarks too', async () => {
  const { server, controller, informer, settle } = setUp();
  await server.create(configMaps, map('a'));
  const during: string[] = [];
  const versions: string[] = [];
  informer.addHandler({
    onUpdate: () => during.push(informer.lastResourceVersion()),
    onVersion: (version) => versions.push(version),
  });
  expect(informer.lastResourceVersion()).toBe('');
  const running = informer.run(controller.signal);
  await informer.waitForSync(controller.signal);
  expect(informer.lastResourceVersion()).toBe('1');
  await server.update(configMaps, map('a', { color: 'red' }));
  await server.delete(configMaps, { namespace: 'default', name: 'a' });
  await settle();
  // What is applied next is not promised before its handlers have run.
  expect(during).toEqual(['1']);
  expect(versions).toEqual(['1', '2', '3']);
  server.bookmark();
  await settle();
  expect(versions).toEqual(['1', '2', '3']);
  expect(informer.lastResourceVersion()).toBe('3');
  controller.abort();
  await running;
});
