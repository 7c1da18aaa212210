import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestCore, type TestCore } from '#test/harness/core.ts';
import { statusOf } from '#test/harness/status-of.ts';
import { formatContinueToken } from './continue-token.ts';
import type { ListQuery, RegistryEvent, WatchQuery } from './registry.ts';

let made: TestCore;
beforeEach(async () => {
  made = await startTestCore();
});
afterEach(() => made.stop());

const namespace = 'default';
const create = async (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  (await made.configMaps.create(made.context(), { metadata: { name, labels }, data }, { namespace })).entry;
const set = async (name: string, data: Record<string, string>) =>
  (await made.configMaps.modify(made.context(), { namespace, name }, (now) => ({ ...now, data }), {})).entry;
const remove = (name: string) => made.configMaps.delete(made.context(), { namespace, name }, {});
const list = (query: ListQuery = {}) => made.configMaps.list(made.context(), query);
const names = async (query: ListQuery = {}) => (await list(query)).items.map(({ object }) => object.metadata.name);

describe('list', () => {
  test('is in key order over namespaces, or of one namespace', async () => {
    for (const other of ['a', 'a-b']) await made.namespaces.create(made.context(), { metadata: { name: other } }, {});
    await create('z');
    await create('b');
    for (const other of ['a', 'a-b']) {
      await made.configMaps.create(made.context(), { metadata: { name: 'm' } }, { namespace: other });
    }
    const all = (await list()).items.map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`);
    expect(all, '- sorts before /').toEqual(['a-b/m', 'a/m', 'default/b', 'default/z']);
    expect(await names({ namespace })).toEqual(['b', 'z']);
    expect(await names({ namespace: 'nowhere' })).toEqual([]);
  });

  test('follows label and field selectors', async () => {
    await create('a', { color: 'red' }, { app: 'web', tier: '1' });
    await create('b', { color: 'blue' }, { app: 'web' });
    await create('c', { color: 'red' }, { app: 'db' });
    expect(await names({ labelSelector: 'app=web' })).toEqual(['a', 'b']);
    expect(await names({ labelSelector: 'app in (web,db),!tier' })).toEqual(['b', 'c']);
    expect(await names({ fieldSelector: 'data.color=red' })).toEqual(['a', 'c']);
    expect(await names({ fieldSelector: 'data.color=red', labelSelector: 'app=db' })).toEqual(['c']);
    expect(await names({ fieldSelector: 'metadata.name=b' })).toEqual(['b']);
    expect(await names({ fieldSelector: 'metadata.name!=b', namespace })).toEqual(['a', 'c']);
    expect(await names({ fieldSelector: 'metadata.namespace=default,metadata.name=a' })).toEqual(['a']);
    expect(await names({ fieldSelector: 'metadata.namespace=other' })).toEqual([]);
    expect(await statusOf(list({ fieldSelector: 'spec.colour=red' }))).toMatchObject({
      code: 400,
      message: 'field label not supported: spec.colour',
    });
    expect(await statusOf(list({ labelSelector: 'a==b==c' }))).toMatchObject({ code: 400 });
  });

  test('finds the pods of a node by its index', async () => {
    for (const [name, nodeName] of [
      ['p1', 'n1'],
      ['p2', 'n2'],
      ['p3', 'n1'],
      ['p4', undefined],
    ] as const) {
      const pod = { metadata: { name }, spec: { containers: [], nodeName } };
      await made.pods.create(made.context(), pod, { namespace });
    }
    const podNames = async (fieldSelector: string) =>
      (await made.pods.list(made.context(), { fieldSelector })).items.map(({ object }) => object.metadata.name);
    expect(await podNames('spec.nodeName=n1')).toEqual(['p1', 'p3']);
    expect(await podNames('spec.nodeName=')).toEqual(['p4']);
    await made.pods.modify(
      made.context(),
      { namespace, name: 'p4' },
      (pod) => ({ ...pod, spec: { containers: [], nodeName: 'n1' } }),
      {},
    );
    await made.pods.delete(made.context(), { namespace, name: 'p1' }, { gracePeriodSeconds: 0 });
    expect(await podNames('spec.nodeName=n1')).toEqual(['p3', 'p4']);
    expect(await podNames('spec.nodeName!=n1')).toEqual(['p2']);
  });

  test('in pages shows one moment, from the cache or from the store', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name);
    const first = await list({ namespace, limit: 2 });
    expect(first.items.map(({ object }) => object.metadata.name)).toEqual(['a', 'b']);
    expect(first.remainingItemCount).toBe(3);
    const unchanged = await list({ namespace, limit: 2, continue: first.continue });
    await create('bb');
    await set('c', { changed: 'yes' });
    await remove('d');
    const second = await list({ namespace, limit: 2, continue: first.continue });
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(second.remainingItemCount).toBe(1);
    expect(second.items.map(({ json }) => json.toString())).toEqual(unchanged.items.map(({ json }) => json.toString()));
    const third = await list({ namespace, limit: 2, continue: second.continue });
    expect(third.items.map(({ object }) => object.metadata.name)).toEqual(['e']);
    expect(third).not.toHaveProperty('continue');
    expect(third).not.toHaveProperty('remainingItemCount');
  });

  test('in pages with selectors fills its pages and does not guess what remains', async () => {
    for (let n = 0; n < 20; n++) await create(`c${String(n).padStart(2, '0')}`, {}, { odd: String(n % 2) });
    for (const change of [false, true]) {
      const first = await list({ limit: 3, labelSelector: 'odd=1' });
      if (change) await create('late', {}, { odd: '1' });
      expect(first).not.toHaveProperty('remainingItemCount');
      const second = await list({ limit: 100, labelSelector: 'odd=1', continue: first.continue });
      const all = [...first.items, ...second.items].map(({ object }) => object.metadata.name);
      expect(all).toEqual(['c01', 'c03', 'c05', 'c07', 'c09', 'c11', 'c13', 'c15', 'c17', 'c19']);
      expect(second.continue).toBeUndefined();
    }
  });

  test('says when a page is too long ago, and offers to go on', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    const first = await list({ limit: 1 });
    await create('d');
    await made.store.compact(await made.store.currentRevision());
    const status = await statusOf(list({ limit: 1, continue: first.continue }));
    expect(status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(status.message).toContain('The provided continue parameter is too old to display a consistent list result.');
    const rest = await list({ continue: status.metadata?.continue });
    expect(rest.items.map(({ object }) => object.metadata.name)).toEqual(['b', 'c', 'd']);
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['other JSON', Buffer.from('[]').toString('base64url')],
    ['another version', Buffer.from('{"v":"v0","rv":1,"start":"a"}').toString('base64url')],
    ['no start', Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":""}').toString('base64url')],
    ['a negative revision', Buffer.from('{"v":"meta.k8s.io/v1","rv":-7,"start":"a"}').toString('base64url')],
    ['a start elsewhere', formatContinueToken({ revision: 1, afterKey: '../secrets/a' })],
  ])('refuses a continue token that is %s', async (_, token) => {
    const status = await statusOf(list({ continue: token }));
    expect(status.code).toBe(400);
    expect(status.message).toContain('continue key is not valid');
  });

  test('keeps to the table of resourceVersion and resourceVersionMatch', async () => {
    const { object } = await create('a');
    const { resourceVersion } = object.metadata;
    await create('b');
    const exact = await list({ resourceVersion, resourceVersionMatch: 'Exact' });
    expect(exact.items.map(({ object: { metadata } }) => metadata.name)).toEqual(['a']);
    expect(exact.resourceVersion).toBe(resourceVersion);
    expect(await names({ resourceVersion, resourceVersionMatch: 'NotOlderThan' })).toEqual(['a', 'b']);
    expect(await names({ resourceVersion, limit: 5 }), 'a limit makes it exact').toEqual(['a']);
    expect(await names({ resourceVersion: '0', limit: 5 })).toEqual(['a', 'b']);
    expect(await names({ resourceVersion: '0' })).toEqual(['a', 'b']);
    for (const query of [
      { resourceVersionMatch: 'Exact' },
      { resourceVersionMatch: 'Sideways', resourceVersion },
      { resourceVersionMatch: 'Exact', resourceVersion: '0' },
      { resourceVersion: 'x' },
    ]) {
      expect(await statusOf(list(query)), JSON.stringify(query)).toMatchObject({ code: 422, reason: 'Invalid' });
    }
  });

  test('of a version that the store has not reached yet waits, then says so', async () => {
    const future = String((await made.store.currentRevision()) + 5);
    const waiting = statusOf(list({ resourceVersion: future }));
    await made.clock.advance(10_000);
    expect(await waiting).toMatchObject({ code: 504, reason: 'Timeout' });
    const reached = list({ resourceVersion: future });
    for (let n = 0; n < 5; n++) await create(`c${n}`);
    expect((await reached).items.length).toBeGreaterThan(0);
  });
});

describe('watch', () => {
  const follow = async (query: WatchQuery, signal?: AbortSignal) =>
    (await made.configMaps.watch(made.context(signal), query))[Symbol.asyncIterator]();
  const take = async (events: AsyncIterator<RegistryEvent>, count: number): Promise<string[]> => {
    const taken: string[] = [];
    while (taken.length < count) {
      const { done, value } = await events.next();
      if (done) throw new Error(`ended after ${taken.join()}`);
      taken.push(value.type === 'BOOKMARK' ? `BOOKMARK ${value.resourceVersion}` : described(value));
    }
    return taken;
  };
  const described = (event: Exclude<RegistryEvent, { type: 'BOOKMARK' }>) =>
    `${event.type} ${event.entry.object.metadata.name}`;

  test('without a version starts with what is there', async () => {
    await create('a');
    const events = await follow({ namespace });
    await create('b');
    await set('a', { x: '1' });
    await remove('b');
    expect(await take(events, 4)).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  test('from a version tells what came after it', async () => {
    const { object } = await create('a');
    await create('b');
    await remove('a');
    const events = await follow({ resourceVersion: object.metadata.resourceVersion });
    expect(await take(events, 2)).toEqual(['ADDED b', 'DELETED a']);
  });

  test('after a list misses nothing and repeats nothing', async () => {
    await create('a');
    const { resourceVersion } = await list();
    const events = await follow({ resourceVersion });
    await create('b');
    expect(await take(events, 1)).toEqual(['ADDED b']);
  });

  test('hands out the very entries of the cache', async () => {
    const events = await follow({});
    const entry = await create('a');
    expect((await events.next()).value).toEqual({ type: 'ADDED', entry });
    const later = await follow({});
    expect((await later.next()).value?.entry).toBe(entry);
  });

  test('of a deletion carries the last state with the version of the deletion', async () => {
    const { object } = await create('a', { x: '1' });
    const events = await follow({ resourceVersion: object.metadata.resourceVersion });
    await remove('a');
    const { value } = await events.next();
    const revision = await made.store.currentRevision();
    expect(value).toMatchObject({ type: 'DELETED', entry: { revision, object: { data: { x: '1' } } } });
    const { entry } = value;
    expect(entry.object.metadata.resourceVersion).toBe(String(revision));
    expect(JSON.parse(entry.json)).toEqual(entry.object);
  });

  test('with selectors sees objects come and go', async () => {
    const events = await follow({ fieldSelector: 'data.color=red' });
    await create('a', { color: 'red' });
    await create('b', { color: 'blue' });
    await set('a', { color: 'red', x: '1' });
    await set('a', { color: 'blue' });
    await set('a', { color: 'blue', x: '2' });
    await set('a', { color: 'red' });
    await remove('b');
    await remove('a');
    const seen = await take(events, 5);
    expect(seen).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a', 'DELETED a']);
  });

  test('that leaves the selection carries the state before, with the new version', async () => {
    const { object } = await create('a', { color: 'red' });
    const events = await follow({
      fieldSelector: 'data.color=red',
      resourceVersion: object.metadata.resourceVersion,
    });
    const after = await set('a', { color: 'blue' });
    expect((await events.next()).value).toMatchObject({
      type: 'DELETED',
      entry: { object: { data: { color: 'red' }, metadata: { resourceVersion: String(after.revision) } } },
    });
  });

  test('of one namespace sees no other', async () => {
    await made.namespaces.create(made.context(), { metadata: { name: 'other' } }, {});
    const events = await follow({ namespace: 'other' });
    await create('a');
    await made.configMaps.create(made.context(), { metadata: { name: 'b' } }, { namespace: 'other' });
    expect(await take(events, 1)).toEqual(['ADDED b']);
  });

  test('with sendInitialEvents ends the beginning with a bookmark', async () => {
    await create('a');
    const events = await follow({
      sendInitialEvents: true,
      allowWatchBookmarks: true,
      resourceVersionMatch: 'NotOlderThan',
    });
    expect(await take(events, 1)).toEqual(['ADDED a']);
    const revision = String(await made.store.currentRevision());
    expect((await events.next()).value).toEqual({
      type: 'BOOKMARK',
      resourceVersion: revision,
      initialEventsEnd: true,
    });
    await create('b');
    expect(await take(events, 1)).toEqual(['ADDED b']);
    const wrong = follow({ sendInitialEvents: true });
    expect(await statusOf(wrong)).toMatchObject({ code: 422 });
  });

  test('without initial events and without a version starts now', async () => {
    await create('a');
    const events = await follow({ sendInitialEvents: false, resourceVersionMatch: 'NotOlderThan' });
    await create('b');
    expect(await take(events, 1)).toEqual(['ADDED b']);
  });

  test('gets bookmarks now and then, when it wants them', async () => {
    const plain = await follow({});
    const events = await follow({ allowWatchBookmarks: true });
    await made.namespaces.create(made.context(), { metadata: { name: 'elsewhere' } }, {});
    await made.clock.advance(61_000);
    expect(await take(events, 1)).toEqual([`BOOKMARK ${await made.store.currentRevision()}`]);
    await create('a');
    expect(await take(plain, 1)).toEqual(['ADDED a']);
  });

  test('ends with its signal, and when nobody iterates any more', async () => {
    const stop = new AbortController();
    const events = await follow({}, stop.signal);
    const next = events.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const other = await follow({});
    await other.return?.();
    expect(await other.next()).toEqual({ done: true, value: undefined });
  });

  test('whose signal has aborted already ends at once', async () => {
    await create('a');
    const stop = new AbortController();
    const watching = follow({ resourceVersion: '0' }, stop.signal);
    stop.abort();
    expect(await (await watching).next()).toEqual({ done: true, value: undefined });
    const late = await follow({ resourceVersion: '0' }, AbortSignal.abort());
    expect(await late.next()).toEqual({ done: true, value: undefined });
  });

  test('ends when the server does', async () => {
    const own = await startTestCore();
    const events = (await own.configMaps.watch(own.context(), {}))[Symbol.asyncIterator]();
    const next = events.next();
    await own.stop();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('a watch that lags', () => {
  test('is cut off after what it has, and can resume while the window reaches back', async () => {
    const own = await startTestCore({ limits: { watcherEventsMax: 10, windowEventsMax: 100 } });
    const events = (await own.configMaps.watch(own.context(), {}))[Symbol.asyncIterator]();
    const createMany = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        await own.configMaps.create(own.context(), { metadata: { name: `c${n}` } }, { namespace });
      }
    };
    await createMany(0, 20);
    const seen: string[] = [];
    let last = '';
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.type === 'BOOKMARK') continue;
      seen.push(next.value.entry.object.metadata.name);
      last = next.value.entry.object.metadata.resourceVersion;
    }
    expect(seen).toHaveLength(10);
    const resumed = (await own.configMaps.watch(own.context(), { resourceVersion: last }))[Symbol.asyncIterator]();
    expect((await resumed.next()).value).toMatchObject({ entry: { object: { metadata: { name: 'c10' } } } });
    await createMany(20, 200);
    const late = await statusOf(own.configMaps.watch(own.context(), { resourceVersion: last }));
    expect(late).toMatchObject({ code: 410, reason: 'Expired' });
    expect(late.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
    await own.stop();
  });
});
