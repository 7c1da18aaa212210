import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';

let api: TestApiServer;
const opened: { destroy(): unknown }[] = [];
beforeEach(async () => {
  api = await startApiServer();
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.destroy();
  await api.stop();
});

const configMaps = '/api/v1/namespaces/default/configmaps';

interface Event {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sends is what is looked at.
  readonly object: any;
}

/** Reads events one by one; `undefined` when the stream has ended. */
function eventsOf(stream: Readable): () => Promise<Event | undefined> {
  const reader: Interface = createInterface(stream);
  const lines = reader[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value);
  };
}

async function watch(query: string, headers: Record<string, string> = {}, base = configMaps) {
  const { cert, key } = api.certs.admin;
  const outgoing = request(`${api.url}${base}?${query}`, { ca: api.certs.ca.cert, cert, key, headers, agent: false });
  opened.push(outgoing);
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  return {
    status: response.statusCode,
    headers: response.headers,
    next: eventsOf(response),
    destroy: () => outgoing.destroy(),
  };
}

const make = (name: string, data = {}) => api.ask('POST', configMaps, { body: { metadata: { name }, data } });

test('what is there, then what happens', async () => {
  await make('a');
  const { next, headers } = await watch('watch=true');
  expect(headers['content-type']).toBe('application/json');
  expect(await next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } });
  await make('b', { x: 'y' });
  expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' }, data: { x: 'y' } } });
  await api.ask('PATCH', `${configMaps}/b`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: '{"data":{"x":"z"}}',
  });
  expect(await next()).toMatchObject({ type: 'MODIFIED', object: { data: { x: 'z' } } });
  await api.ask('DELETE', `${configMaps}/b`);
  expect(await next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' } } });
});

test('from a version, with a selector, until the time is over', async () => {
  const { metadata } = Object((await make('a')).json());
  const { next } = await watch(
    `watch=1&resourceVersion=${metadata.resourceVersion}&fieldSelector=metadata.name%3Dc&timeoutSeconds=1`,
  );
  await make('b');
  await make('c');
  expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'c' } } });
  expect(await next()).toBeUndefined();
});

test('the legacy path, and one object by name', async () => {
  await make('a');
  await make('b');
  const { next } = await watch('', {}, '/api/v1/watch/namespaces/default/configmaps/b');
  expect(await next()).toMatchObject({ object: { metadata: { name: 'b' } } });
});

test('initial events end with a marked bookmark', async () => {
  await make('a');
  const { next } = await watch(
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  );
  expect(await next()).toMatchObject({ type: 'ADDED' });
  const bookmark = await next();
  expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
  expect(bookmark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
});

test('tables: columns once, then rows', async () => {
  await make('a', { k: 'v' });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const { next } = await watch('watch=true&includeObject=Object', { accept });
  const first = await next();
  expect(first?.object).toMatchObject({
    kind: 'Table',
    rows: [{ cells: ['a', 1, expect.any(String)], object: { data: { k: 'v' } } }],
  });
  expect(first?.object.columnDefinitions).toHaveLength(3);
  await make('b');
  expect((await next())?.object.columnDefinitions).toBeNull();
});

test('a version from the future is refused, an unacceptable form too', async () => {
  expect((await watch('watch=true', { accept: 'application/yaml' })).status).toBe(406);
  expect((await watch('watch=true&resourceVersionMatch=Exact&resourceVersion=1')).status).toBe(422);
});

test('many watchers over one HTTP/2 connection, one of which does not read', async () => {
  const { cert, key } = api.certs.admin;
  const session = connectHttp2(api.url, { ca: api.certs.ca.cert, cert, key });
  opened.push(session);
  const open = () => session.request({ ':path': `${configMaps}?watch=true` });
  const sleeper = open();
  await once(sleeper, 'response');
  sleeper.pause();
  const watchers = Array.from({ length: 20 }, () => eventsOf(open()));
  const data = { x: 'y'.repeat(100_000) };
  for (let n = 0; n < 30; n++) await make(`c${n}`, data);
  for (const next of watchers) {
    for (let n = 0; n < 30; n++) expect(await next()).toMatchObject({ object: { metadata: { name: `c${n}` } } });
  }
});

test('a client that leaves is forgotten', async () => {
  const watching = async () =>
    /apiserver_longrunning_requests (\d+)/.exec((await api.ask('GET', '/metrics')).text)?.[1];
  await make('a');
  const { next, destroy } = await watch('watch=true');
  await next();
  expect(await watching()).toBe('1');
  destroy();
  await expect.poll(watching).toBe('0');
});

test('closing ends watches and lets requests end', async () => {
  await make('a');
  const { next } = await watch('watch=true');
  await next();
  const closed = api.server.close(5000);
  expect(await next()).toBeUndefined();
  for (const one of opened.splice(0)) one.destroy();
  await closed;
});
