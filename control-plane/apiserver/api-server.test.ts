import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';
import { createTestCertificates } from '#test/harness/certs.ts';

let api: TestApiServer;
beforeAll(async () => {
  api = await startApiServer();
});
afterAll(() => api.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';
const make = (name: string, data: Record<string, string> = {}) =>
  api.ask('POST', configMaps, { body: { metadata: { name }, data } });

describe('who may do what', () => {
  test('nobody may do nothing but ask for health and version', async () => {
    const refused = await api.ask('GET', '/api/v1/pods', { as: null });
    expect(refused.status).toBe(403);
    expect(refused.json()).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'Forbidden',
      message:
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    });
    expect((await api.ask('GET', '/apis', { as: null })).status).toBe(403);
    expect((await api.ask('GET', '/nope', { as: null })).status).toBe(403);
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) {
      expect((await api.ask('GET', path, { as: null })).status, path).toBe(200);
    }
  });

  test('a user without rights is told which one is missing', async () => {
    const bob = await api.certs.client('bob', ['developers']);
    const refused = await api.ask('GET', '/apis/apps/v1/namespaces/default/deployments/web', { as: bob });
    expect(refused.json()).toMatchObject({
      code: 403,
      message:
        'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments" in API group "apps" in the namespace "default"',
    });
    expect((await api.ask('GET', '/apis', { as: bob })).status).toBe(200);
    const review = { spec: { resourceAttributes: { verb: 'list', resource: 'pods' } } };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await api.ask('POST', path, { as: bob, body: review })).json()).toMatchObject({
      status: { allowed: false },
    });
    expect((await api.ask('POST', path, { body: review })).json()).toMatchObject({ status: { allowed: true } });
  });

  test('a certificate of another authority, and a token, are not taken for anonymous', async () => {
    const others = await createTestCertificates();
    const stranger = await api.ask('GET', '/version', { as: others.admin });
    expect(stranger.status).toBe(401);
    expect(stranger.json()).toMatchObject({ reason: 'Unauthorized' });
    const token = await api.ask('GET', '/version', { as: null, headers: { authorization: 'Bearer x' } });
    expect(token.status).toBe(401);
    expect(token.text).toContain('the token is not valid');
  });

  test('the administrator may act as somebody else', async () => {
    const headers = { 'impersonate-user': 'eve' };
    expect((await api.ask('GET', configMaps, { headers })).text).toContain('User \\"eve\\" cannot list');
    const bob = await api.certs.client('bob');
    expect((await api.ask('GET', configMaps, { headers, as: bob })).text).toContain('cannot impersonate resource');
  });
});

describe('verbs', () => {
  test('create, get, update, patch, delete', async () => {
    const created = await make('verbs', { a: '1' });
    expect(created.status).toBe(201);
    expect(created.headers['audit-id']).toBeTruthy();
    expect((await make('verbs')).json()).toMatchObject({ code: 409, reason: 'AlreadyExists' });

    const got = await api.ask('GET', `${configMaps}/verbs`);
    expect(got.json()).toEqual(created.json());
    const object: unknown = got.json();
    const changed = await api.ask('PUT', `${configMaps}/verbs`, { body: { ...Object(object), data: { a: '2' } } });
    expect(changed.json()).toMatchObject({ data: { a: '2' } });
    const stale = await api.ask('PUT', `${configMaps}/verbs`, { body: { ...Object(object), data: { a: '3' } } });
    expect(stale.json()).toMatchObject({ code: 409, reason: 'Conflict' });

    const patch = (type: string, body: string) =>
      api.ask('PATCH', `${configMaps}/verbs`, { headers: { 'content-type': type }, body });
    expect((await patch('application/merge-patch+json', '{"data":{"b":"1"}}')).json()).toMatchObject({
      data: { a: '2', b: '1' },
    });
    expect((await patch('application/strategic-merge-patch+json', '{"data":{"b":null}}')).json()).toMatchObject({
      data: { a: '2' },
    });
    expect((await patch('application/json-patch+json', '[{"op":"remove","path":"/data/a"}]')).status).toBe(200);
    expect((await patch('application/apply-patch+yaml', 'a: b')).text).toContain('server-side apply');
    expect((await patch('text/plain', 'x')).status).toBe(415);
    expect((await patch('application/merge-patch+json', '[]')).status).toBe(400);
    expect((await patch('application/merge-patch+json', '{"metadata":{"name":"other"}}')).status).toBe(400);

    const gone = await api.ask('DELETE', `${configMaps}/verbs`);
    expect(gone.json()).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'verbs', kind: 'configmaps' },
    });
    expect((await api.ask('GET', `${configMaps}/verbs`)).json()).toMatchObject({
      code: 404,
      message: 'configmaps "verbs" not found',
    });
  });

  test('lists in pages, with selectors, as tables and as metadata', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) {
      await api.ask('POST', configMaps, { body: { metadata: { name, labels: { set: 'page' } }, data: { k: name } } });
    }
    const query = 'labelSelector=set%3Dpage';
    const page = Object((await api.ask('GET', `${configMaps}?${query}&limit=2`)).json());
    expect(page).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    // A count behind a selector would have to look at everything.
    expect(page.metadata.remainingItemCount).toBeUndefined();
    expect(page.items).toHaveLength(2);
    const rest = Object(
      (
        await api.ask('GET', `${configMaps}?${query}&limit=2&continue=${encodeURIComponent(page.metadata.continue)}`)
      ).json(),
    );
    expect(rest.items).toHaveLength(1);

    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = Object((await api.ask('GET', `${configMaps}?${query}`, { headers: { accept } })).json());
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.columnDefinitions[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name' });
    expect(table.rows[0]).toMatchObject({
      cells: ['page-a', 1, expect.any(String)],
      object: { kind: 'PartialObjectMetadata' },
    });
    const partial = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const metadata = Object((await api.ask('GET', `${configMaps}?${query}`, { headers: { accept: partial } })).json());
    expect(metadata.kind).toBe('PartialObjectMetadataList');
    expect(metadata.items[0].data).toBeUndefined();

    const deleted = await api.ask('DELETE', `${configMaps}?${query}`);
    expect(Object(deleted.json()).items).toHaveLength(3);
    expect(Object((await api.ask('GET', `${configMaps}?${query}`)).json()).items).toHaveLength(0);
  });

  test('YAML in and out, pretty JSON, HEAD', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n';
    const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
    const created = await api.ask('POST', configMaps, { headers, body });
    expect(created.status).toBe(201);
    expect(created.headers['content-type']).toBe('application/yaml');
    expect(created.text).toContain('name: yaml');
    expect((await api.ask('GET', `${configMaps}/yaml?pretty=true`)).text).toContain('\n  "metadata": {');
    const head = await api.ask('HEAD', `${configMaps}/yaml`);
    expect(head).toMatchObject({ status: 200, text: '' });
    const broken = await api.ask('POST', configMaps, { headers, body: 'a: [1\nb: 2' });
    expect(broken.status).toBe(400);
    expect(broken.text).toMatch(/line \d+/);
  });

  test('unknown fields: warned of, refused or ignored', async () => {
    const body = { metadata: { name: 'unknown' }, dta: {} };
    const send = (validation: string) =>
      api.ask('POST', `${configMaps}?dryRun=All&fieldValidation=${validation}`, { body });
    expect((await send('Strict')).text).toContain('unknown field \\"dta\\"');
    expect((await send('Warn')).headers.warning).toBe('299 - "unknown field \\"dta\\""');
    expect((await send('Ignore')).headers.warning).toBeUndefined();
    expect((await api.ask('GET', `${configMaps}/unknown`)).status).toBe(404);
  });

  test('scale', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const spec = { replicas: 2, selector: { matchLabels: { a: 'b' } }, template };
    expect((await api.ask('POST', deployments, { body: { metadata: { name: 'd' }, spec } })).status).toBe(201);
    const scale = Object((await api.ask('GET', `${deployments}/d/scale`)).json());
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status: { selector: 'a=b' } });
    const put = await api.ask('PUT', `${deployments}/d/scale`, { body: { ...scale, spec: { replicas: 5 } } });
    expect(put.json()).toMatchObject({ spec: { replicas: 5 } });
    expect((await api.ask('PUT', `${deployments}/d/scale`, { body: { ...scale, spec: { replicas: 6 } } })).status).toBe(
      409,
    );
    const patch = (replicas: number) =>
      api.ask('PATCH', `${deployments}/d/scale`, {
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ spec: { replicas } }),
      });
    expect((await patch(0)).json()).toMatchObject({ spec: { replicas: 0 } });
    expect((await patch(-1)).json()).toMatchObject({ code: 422, reason: 'Invalid' });
    expect((await api.ask('GET', `${deployments}/d`)).json()).toMatchObject({ spec: { replicas: 0 } });
  });

  test('binding and eviction', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    expect((await api.ask('POST', pods, { body: { metadata: { name: 'p' }, spec } })).status).toBe(201);
    const bind = (name: string) => api.ask('POST', `${pods}/p/binding`, { body: { target: { kind: 'Node', name } } });
    expect((await bind('n1')).json()).toMatchObject({ status: 'Success' });
    expect((await bind('n2')).json()).toMatchObject({
      code: 409,
      message: expect.stringContaining('is already assigned to node "n1"'),
    });
    const pod = Object((await api.ask('GET', `${pods}/p`)).json());
    expect(pod.spec.nodeName).toBe('n1');
    expect(pod.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
    const legacy = { metadata: { name: 'p' }, target: { name: 'n2' } };
    expect((await api.ask('POST', '/api/v1/namespaces/default/bindings', { body: legacy })).status).toBe(409);
    const evicted = await api.ask('POST', `${pods}/p/eviction`, { body: { deleteOptions: { gracePeriodSeconds: 0 } } });
    expect(evicted.status).toBe(201);
    expect((await api.ask('GET', `${pods}/p`)).status).toBe(404);
    expect((await api.ask('POST', '/api/v1/namespaces/default/serviceaccounts/x/token', { body: {} })).status).toBe(
      501,
    );
  });
});

test('HTTP/2 serves the same', async () => {
  const { cert, key } = api.certs.admin;
  const session = connectHttp2(api.url, { ca: api.certs.ca.cert, cert, key });
  const stream = session.request({ ':path': '/api/v1/namespaces/default' });
  const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  let text = '';
  for await (const chunk of stream) text += chunk;
  expect(await status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ kind: 'Namespace' });
  session.close();
});

test('big answers are compressed for those who take it', async () => {
  const big = { a: 'x'.repeat(200_000) };
  await make('big', big);
  const zipped = await api.ask('GET', `${configMaps}/big`, { headers: { 'accept-encoding': 'gzip' } });
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(zipped.text.length).toBeLessThan(20_000);
  expect((await api.ask('GET', `${configMaps}/big`)).json()).toMatchObject({ data: big });
});

describe('discovery', () => {
  test('lists groups, versions and resources, the old way and the new', async () => {
    expect((await api.ask('GET', '/api')).json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = Object((await api.ask('GET', '/apis')).json()).groups;
    expect(groups.map(({ name }: { name: string }) => name)).toContain('apps');
    const core = Object((await api.ask('GET', '/api/v1')).json()).resources;
    expect(core).toContainEqual(
      expect.objectContaining({ name: 'pods', kind: 'Pod', shortNames: ['po'], namespaced: true }),
    );
    expect(core).toContainEqual(expect.objectContaining({ name: 'pods/eviction', kind: 'Eviction', group: 'policy' }));
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await api.ask('GET', '/apis', { headers: { accept } });
    expect(aggregated.headers['content-type']).toContain('as=APIGroupDiscoveryList');
    expect(Object(aggregated.json()).items.length).toBeGreaterThan(10);
    const again = await api.ask('GET', '/apis', {
      headers: { accept, 'if-none-match': String(aggregated.headers.etag) },
    });
    expect(again.status).toBe(304);
    expect((await api.ask('GET', '/apis/nope')).status).toBe(404);
    expect((await api.ask('GET', '/apis/apps/v9')).status).toBe(404);
  });

  test('OpenAPI, version, metrics', async () => {
    const index = Object((await api.ask('GET', '/openapi/v3')).json());
    const document = await api.ask('GET', index.paths['apis/apps/v1'].serverRelativeURL);
    expect(Object(document.json()).openapi).toMatch(/^3/);
    expect((await api.ask('GET', '/version')).json()).toMatchObject({ major: '1', minor: '36' });
    expect((await api.ask('GET', '/metrics')).text).toContain('apiserver_request_total{');
  });
});
