import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMaps, namespaces, pods, secrets } from '#api/kinds.ts';
import type { ApiClient } from '#client/api-client.ts';
import { startTestCore, type TestCore } from '#test/harness/core.ts';
import { statusOf } from '#test/harness/status-of.ts';
import { createAuthorizer } from './auth/authorizer.ts';

let made: TestCore;
let client: ApiClient;
beforeEach(async () => {
  made = await startTestCore({ authorizer: createAuthorizer() });
  client = made.core.client({ name: 'admin', groups: ['system:masters'] });
});
afterEach(() => made.stop());

const key = { namespace: 'default', name: 'a' };
const metadata = key;

describe('the client in process', () => {
  test('creates, reads, changes and deletes', async () => {
    const created = await client.create(configMaps, { metadata, data: { x: '1' } });
    expect(await client.get(configMaps, key)).toBe(created);
    const updated = await client.update(configMaps, { ...created, data: { x: '2' } });
    expect(updated.data).toEqual({ x: '2' });
    expect(await statusOf(client.update(configMaps, { ...created, data: { x: '3' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    const list = await client.list(configMaps, { namespace: 'default' });
    expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [{ data: { x: '2' } }] });
    await client.delete(configMaps, key);
    expect(await statusOf(client.get(configMaps, key))).toMatchObject({ code: 404 });
  });

  test('never changes nor freezes what the caller hands in', async () => {
    const object = { metadata: { ...metadata }, data: { x: '1' } };
    await client.create(configMaps, object);
    expect(object).toEqual({ metadata: { ...metadata }, data: { x: '1' } });
    object.data.x = '2';
    expect((await client.get(configMaps, key)).data).toEqual({ x: '1' });
  });

  test('patches in all three ways', async () => {
    await client.create(configMaps, { metadata, data: { x: '1' } });
    await client.patch(configMaps, key, { type: 'merge', body: { data: { x: null, y: '2' } } });
    await client.patch(configMaps, key, { type: 'json', body: [{ op: 'add', path: '/data/z', value: '3' }] });
    const labels = { metadata: { labels: { l: '4' } } };
    const patched = await client.patch(configMaps, key, { type: 'strategic', body: labels });
    expect(patched).toMatchObject({ data: { y: '2', z: '3' }, metadata: { labels: { l: '4' } } });
    expect(patched.data).not.toHaveProperty('x');
  });

  test('patches on one version only when the patch names it', async () => {
    const { metadata: stored } = await client.create(configMaps, { metadata, data: { x: '1' } });
    const patch = { metadata: { resourceVersion: stored.resourceVersion }, data: { x: '2' } };
    await client.patch(configMaps, key, { type: 'merge', body: patch });
    const again = client.patch(configMaps, key, { type: 'merge', body: { ...patch, data: { x: '3' } } });
    expect(await statusOf(again)).toMatchObject({ code: 409 });
  });

  test('writes the status alone', async () => {
    const pod = await client.create(pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const changed = await client.updateStatus(pods, { ...pod, spec: { containers: [] }, status: { phase: 'Running' } });
    expect(changed).toMatchObject({ spec: pod.spec, status: { phase: 'Running' } });
  });

  test('watches, with bookmarks as objects', async () => {
    const stop = new AbortController();
    const options = { sendInitialEvents: true, allowWatchBookmarks: true, signal: stop.signal };
    const events = client.watch(configMaps, options)[Symbol.asyncIterator]();
    const next = async () => (await events.next()).value;
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    expect(await next()).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { annotations } } });
    const created = await client.create(configMaps, { metadata });
    expect(await next()).toEqual({ type: 'ADDED', object: created });
    await client.delete(configMaps, key);
    expect(await next()).toMatchObject({ type: 'DELETED', object: { metadata } });
    stop.abort();
    expect(await next()).toBeUndefined();
  });

  test('ends a watch when its time is over', async () => {
    const watching = (async () => {
      for await (const _ of client.watch(configMaps, { timeoutSeconds: 5, signal: new AbortController().signal }));
      return made.clock.now();
    })();
    const startMs = made.clock.now();
    await made.clock.advance(10_000);
    expect((await watching) - startMs).toBe(5000);
  });

  test('binds a pod once', async () => {
    await client.create(pods, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const binding = { metadata, target: { kind: 'Node', name: 'n1' } };
    await client.createSubresource(pods, key, 'binding', binding);
    expect(await client.get(pods, key)).toMatchObject({ spec: { nodeName: 'n1' } });
    expect(await statusOf(client.createSubresource(pods, key, 'binding', binding))).toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods "a": pod a is already assigned to node "n1"',
    });
  });

  test('finalizes a namespace', async () => {
    await client.create(namespaces, { metadata: { name: 'work' } });
    await client.delete(namespaces, { name: 'work' });
    const terminating = await client.get(namespaces, { name: 'work' });
    await client.updateSubresource(namespaces, { name: 'work' }, 'finalize', { ...terminating, ...{ spec: {} } });
    expect(await statusOf(client.get(namespaces, { name: 'work' }))).toMatchObject({ code: 404 });
  });

  test('deletes collections', async () => {
    for (const name of ['a', 'b']) await client.create(configMaps, { metadata: { namespace: 'default', name } });
    await client.deleteCollection(configMaps, { namespace: 'default' });
    expect((await client.list(configMaps)).items).toEqual([]);
  });

  test('lets nobody do what he may not, in Kubernetes words', async () => {
    const nobody = made.core.client({ name: 'nobody', groups: ['system:authenticated'] });
    expect(await statusOf(nobody.list(configMaps, { namespace: 'default' }))).toMatchObject({
      code: 403,
      message:
        'configmaps is forbidden: User "nobody" cannot list resource "configmaps" in API group "" in the namespace "default"',
    });
    expect(await statusOf(nobody.create(configMaps, { metadata }))).toMatchObject({ code: 403 });
    const watch = nobody.watch(configMaps, { signal: new AbortController().signal });
    expect(await statusOf(watch[Symbol.asyncIterator]().next())).toMatchObject({ code: 403 });
  });

  test('knows only what is served', async () => {
    expect(await statusOf(client.list(secrets))).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
    });
  });

  test('dry-runs', async () => {
    await client.create(configMaps, { metadata }, { dryRun: true });
    expect(await statusOf(client.get(configMaps, key))).toMatchObject({ code: 404 });
  });
});
