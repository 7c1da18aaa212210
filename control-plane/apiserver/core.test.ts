import { describe, expect, test } from 'vitest';
import type { V1ConfigMap, V1Pod } from '#api/generated/types.ts';
import { configMaps, pods, secrets } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { defineResource } from '#control-plane/resources/define.ts';
import { StoreError } from '#control-plane/store/errors.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { Store } from '#control-plane/store/store.ts';
import { startTestCore, testDefinitions } from '#test/harness/core.ts';
import { statusOf } from '#test/harness/status-of.ts';
import { createApiCore } from './core.ts';

const namespace = 'default';
const partsOf = ({ clock }: { readonly clock: Clock }) => ({
  clock,
  random: createSeededRandom(2),
  log: createSilentLog(),
});

/** A store that can be switched off, as an etcd that cannot be reached. */
function breakable(store: Store): Store & { broken: boolean } {
  const cut = new Set<AbortController>();
  let broken = false;
  const check = (): undefined => {
    if (broken) throw new StoreError('unavailable', 'switched off');
  };
  return {
    get broken() {
      return broken;
    },
    set broken(value: boolean) {
      broken = value;
      if (broken) for (const one of cut) one.abort();
    },
    get: async (...args) => check() ?? store.get(...args),
    list: async (...args) => check() ?? store.list(...args),
    create: async (...args) => check() ?? store.create(...args),
    update: async (...args) => check() ?? store.update(...args),
    delete: async (...args) => check() ?? store.delete(...args),
    async *watch(prefix, options) {
      check();
      const own = new AbortController();
      cut.add(own);
      yield* store.watch(prefix, { ...options, signal: AbortSignal.any([options.signal, own.signal]) });
      cut.delete(own);
      if (!options.signal.aborted) throw new StoreError('unavailable', 'switched off');
    },
    requestProgress: async () => check() ?? store.requestProgress(),
    currentRevision: async (...args) => check() ?? store.currentRevision(...args),
    compact: (revision) => store.compact(revision),
    close: () => store.close(),
  };
}

describe('the core', () => {
  test('finds everything again after a restart, and clients resume where they were', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore({ clock });
    const kept: Store = { ...store, close: async () => undefined };
    const first = await startTestCore({ store: kept, clock });
    const objects = Array.from({ length: 100 }, (_, n): V1ConfigMap => ({ metadata: { name: `c${n}` } }));
    const created = await Promise.all(
      objects.map((object) => first.configMaps.create(first.context(), object, { namespace })),
    );
    const before = await first.configMaps.list(first.context(), {});
    await first.stop();

    const second = createApiCore({ ...partsOf(first), store: kept, definitions: testDefinitions() });
    const running = new AbortController();
    await second.start(running.signal);
    const registry = second.registryOf(configMaps);
    if (!registry) throw new Error('configmaps are not defined');
    const after = await registry.list(first.context(), {});
    expect(after.items.map(({ json }) => json.toString())).toEqual(before.items.map(({ json }) => json.toString()));

    // A client that was cut off in the middle of the newest group: it is told that group again.
    const newest = Math.max(...created.map(({ entry }) => entry.revision));
    const group = created.filter(({ entry }) => entry.revision === newest).length;
    expect(group).toBeGreaterThan(1);
    const events = (await registry.watch(first.context(), { resourceVersion: String(newest) }))[Symbol.asyncIterator]();
    for (let n = 0; n < group; n++) expect((await events.next()).value).toMatchObject({ type: 'ADDED' });
    running.abort();
    await second.stopped();
  });

  test('two servers on one store see each other writes at once', async () => {
    const first = await startTestCore();
    const second = createApiCore({ ...partsOf(first), store: first.store, definitions: testDefinitions() });
    const running = new AbortController();
    await second.start(running.signal);
    const here = first.configMaps;
    const there = second.registryOf(configMaps);
    if (!there) throw new Error('configmaps are not defined');
    for (let n = 0; n < 20; n++) {
      const [writer, reader] = n % 2 ? [here, there] : [there, here];
      await writer.create(first.context(), { metadata: { name: `c${n}` } }, { namespace });
      const { object } = await reader.get(first.context(), { namespace, name: `c${n}` }, {});
      expect(object.metadata.name).toBe(`c${n}`);
    }
    const add = (registry: typeof here) =>
      registry.modify(
        first.context(),
        { namespace, name: 'c0' },
        (now) => ({ ...now, data: { n: String(Number(now.data?.n ?? 0) + 1) } }),
        {},
      );
    await Promise.all(Array.from({ length: 30 }, (_, n) => add(n % 2 ? here : there)));
    expect((await here.get(first.context(), { namespace, name: 'c0' }, {})).object.data).toEqual({ n: '30' });
    running.abort();
    await second.stopped();
    await first.stop();
  });

  test('says that it is not ready while the store cannot be reached, answers 503, and recovers', async () => {
    const clock = createVirtualClock();
    const store = breakable(createMemoryStore({ clock }));
    const made = await startTestCore({ store, clock });
    expect(made.core.ready()).toMatchObject({ ok: true });
    const events = (await made.configMaps.watch(made.context(), {}))[Symbol.asyncIterator]();
    store.broken = true;
    await clock.advance(1000);
    expect(made.core.ready().ok).toBe(false);
    expect(await statusOf(made.configMaps.list(made.context(), {}))).toMatchObject({ code: 503 });
    const create = (name: string) => made.configMaps.create(made.context(), { metadata: { name } }, { namespace });
    expect(await statusOf(create('a'))).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    const stale = await made.configMaps.list(made.context(), { resourceVersion: '0' });
    expect(stale.items, 'any version can still be read').toEqual([]);
    store.broken = false;
    await clock.advance(10_000);
    expect(made.core.ready().ok).toBe(true);
    await create('a');
    expect((await events.next()).value, 'the watch has gone on').toMatchObject({ type: 'ADDED' });
    await made.stop();
  });

  test('starts over when the past it needs has been compacted meanwhile', async () => {
    const clock = createVirtualClock();
    const inner = createMemoryStore({ clock });
    const store = breakable(inner);
    const made = await startTestCore({ store, clock });
    const { entry } = await made.configMaps.create(made.context(), { metadata: { name: 'a' } }, { namespace });
    const events = (await made.configMaps.watch(made.context(), { resourceVersion: String(entry.revision) }))[
      Symbol.asyncIterator
    ]();
    store.broken = true;
    await clock.advance(100);
    const value = Buffer.from(
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...entry.object.metadata, name: 'b' } }),
    );
    await inner.create('/registry/configmaps/default/b', value);
    await inner.delete('/registry/configmaps/default/a', entry.revision);
    await inner.create('/registry/configmaps/default/c', value.subarray(0, 10));
    await inner.compact(await inner.currentRevision());
    store.broken = false;
    await clock.advance(10_000);
    expect(await events.next(), 'the watch has to be made anew').toMatchObject({ done: true });
    const old = made.configMaps.watch(made.context(), { resourceVersion: String(entry.revision) });
    expect(await statusOf(old)).toMatchObject({ code: 410 });
    const { items } = await made.configMaps.list(made.context(), {});
    expect(
      items.map(({ object }) => object.metadata.name),
      'what cannot be read is left out',
    ).toEqual(['b']);
    await made.stop();
  });

  test('waits for a store that comes later', async () => {
    const clock = createVirtualClock();
    const store = breakable(createMemoryStore({ clock }));
    store.broken = true;
    const made = startTestCore({ store, clock });
    await clock.advance(5000);
    store.broken = false;
    await clock.advance(10_000);
    await (await made).stop();
  });

  test('reads what kube-apiserver has stored', async () => {
    const made = await startTestCore();
    const text =
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"k","namespace":"default","uid":"u","creationTimestamp":"2026-01-01T00:00:00Z","managedFields":[]},"data":{"x":"ä"}}\n';
    const { revision } = await made.store.create('/registry/configmaps/default/k', Buffer.from(text));
    const entry = await made.configMaps.get(made.context(), { namespace, name: 'k' }, {});
    expect(entry.object).toMatchObject({ data: { x: 'ä' }, metadata: { resourceVersion: String(revision) } });
    expect(JSON.parse(entry.json)).toEqual(entry.object);
    await made.stop();
  });

  test('takes kinds at run time, with what is stored of them already', async () => {
    const made = await startTestCore();
    const stored = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace, uid: 'u', creationTimestamp: 'x' },
    };
    await made.store.create('/registry/secrets/default/s', Buffer.from(JSON.stringify(stored)));
    expect(made.core.registryOf(secrets)).toBeUndefined();
    await made.core.addDefinition(defineResource({ type: secrets }));
    const registry = made.core.registryOf(secrets);
    expect((await registry?.list(made.context(), {}))?.items).toHaveLength(1);
    await registry?.create(made.context(), { metadata: { name: 't' } }, { namespace });
    expect((await registry?.list(made.context(), {}))?.items).toHaveLength(2);
    const events = (await registry?.watch(made.context(), {}))?.[Symbol.asyncIterator]();
    await events?.next();
    await events?.next();
    const next = events?.next();
    made.core.removeDefinition(secrets);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(made.core.registryOf(secrets)).toBeUndefined();
    await made.stop();
  });

  test('refuses definitions that contradict each other', () => {
    const clock = createVirtualClock();
    const options = { ...partsOf({ clock }), store: createMemoryStore({ clock }) };
    const one = defineResource<V1Pod>({ type: pods });
    expect(() => createApiCore({ ...options, definitions: [one, one] })).toThrow('pods.v1 is defined twice');
    const same = defineResource({ type: secrets, storagePath: 'pods' });
    expect(() => createApiCore({ ...options, definitions: [one, same] })).toThrow('two kinds are stored under pods');
  });

  test('compacts the past now and then', async () => {
    const made = await startTestCore();
    const early = await made.configMaps.create(made.context(), { metadata: { name: 'a' } }, { namespace });
    const exact = { resourceVersion: String(early.entry.revision), resourceVersionMatch: 'Exact' };
    await made.configMaps.create(made.context(), { metadata: { name: 'b' } }, { namespace });
    await made.clock.advance(4 * 60_000);
    expect((await made.configMaps.list(made.context(), exact)).items).toHaveLength(1);
    await made.clock.advance(20 * 60_000);
    expect(await statusOf(made.configMaps.list(made.context(), exact))).toMatchObject({
      code: 410,
      message: 'The resourceVersion for the provided list is too old.',
    });
    await made.stop();
  });

  test('leaves no timer behind', async () => {
    const made = await startTestCore();
    await made.configMaps.list(made.context(), {});
    await made.stop();
    expect(made.clock.pendingTimers).toBe(0);
  });
});
