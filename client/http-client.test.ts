import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, expect, test } from 'vitest';
import { configMaps, namespaces, pods } from '#api/kinds.ts';
import { isExpired, isNotFound, StatusError } from '#api/status-error.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';
import type { ClusterAccess } from './access.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const open: { server: Server; client: HttpClient }[] = [];

afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handler: Handler, tls?: object, access: Partial<ClusterAccess> = {}) {
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    handler(request, response, Buffer.concat(chunks).toString());
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const client = createHttpClient({ server: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, ...access });
  open.push({ server, client });
  return { server, client };
}

const answer = (response: ServerResponse, code: number, body: unknown): void => {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const configMap = (name: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
});

test('each verb is the request that kube-apiserver knows', async () => {
  const seen: string[] = [];
  const { client } = await serve((request, response, body) => {
    seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? ''} ${body}`.trim());
    if (request.url?.includes('limit='))
      answer(response, 200, { metadata: { resourceVersion: '9' }, items: [configMap('a')] });
    else answer(response, 200, configMap('a'));
  });
  const key = { namespace: 'default', name: 'a' };
  const body = { metadata: key };
  await client.get(configMaps, key);
  const list = await client.list(configMaps, { labelSelector: 'a in (b,c)', limit: 5 });
  expect(list.items[0]?.kind).toBe('ConfigMap');
  expect(Object.isFrozen(list.items[0]?.metadata)).toBe(true);
  await client.create(configMaps, body, { dryRun: true, fieldManager: 'me' });
  await client.update(configMaps, body);
  await client.updateStatus(configMaps, body);
  await client.patch(configMaps, key, { type: 'strategic', body: { data: {} } }, { subresource: 'status' });
  await client.delete(configMaps, key, { gracePeriodSeconds: 0, preconditions: { uid: 'u' } });
  await client.delete(configMaps, key, { dryRun: true });
  await client.deleteCollection(configMaps, { namespace: 'default', labelSelector: 'x=y' });
  await client.createSubresource(pods, key, 'binding', { kind: 'Binding' });
  const sent = '{"metadata":{"namespace":"default","name":"a"},"apiVersion":"v1","kind":"ConfigMap"}';
  const at = '/api/v1/namespaces/default/configmaps';
  expect(seen).toEqual([
    `GET ${at}/a`,
    'GET /api/v1/configmaps?labelSelector=a%20in%20(b%2Cc)&limit=5',
    `POST ${at}?dryRun=All&fieldManager=me application/json ${sent}`,
    `PUT ${at}/a application/json ${sent}`,
    `PUT ${at}/a/status application/json ${sent}`,
    `PATCH ${at}/a/status application/strategic-merge-patch+json {"data":{}}`,
    `DELETE ${at}/a application/json {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"}}`,
    `DELETE ${at}/a application/json {"apiVersion":"v1","kind":"DeleteOptions","dryRun":["All"]}`,
    `DELETE ${at}?labelSelector=x%3Dy application/json {"apiVersion":"v1","kind":"DeleteOptions"}`,
    'POST /api/v1/namespaces/default/pods/a/binding application/json {"kind":"Binding"}',
  ]);
});

test('the server’s Status becomes the error; other bodies become a readable one', async () => {
  const { client } = await serve((request, response) => {
    const details = { name: 'gone', kind: 'namespaces' };
    const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'namespaces "gone" not found', details };
    if (request.url?.endsWith('gone')) answer(response, 404, status);
    else if (request.url?.endsWith('page')) answer(response, 502, '<html>Bad Gateway</html>');
    else answer(response, 200, 'not json');
  });
  const missing = await client.get(namespaces, { name: 'gone' }).catch((error: unknown) => error);
  expect(isNotFound(missing)).toBe(true);
  expect(missing).toMatchObject({ message: 'namespaces "gone" not found', status: { details: { name: 'gone' } } });
  await expect(client.get(namespaces, { name: 'page' })).rejects.toMatchObject({ code: 502, message: /Bad Gateway/ });
  await expect(client.get(namespaces, { name: 'x' })).rejects.toThrow('answered with something that is not JSON');
});

test('an object of another kind than was asked for is refused', async () => {
  const { client } = await serve((_, response) => answer(response, 200, configMap('a')));
  await expect(client.get(pods, { namespace: 'default', name: 'a' })).rejects.toThrow('not a Pod');
});

test('a raw request gives code, headers and body as they are', async () => {
  const { client } = await serve((request, response) => answer(response, 418, { accept: request.headers.accept }));
  const path = '/openapi/v2';
  const response = await client.transport.request({ method: 'GET', path, anyStatus: true, headers: { accept: 'a/b' } });
  expect([response.status, await response.body.text()]).toEqual([418, '{"accept":"a/b"}']);
});

test('no server, a server that hangs up, and a caller who gives up', async () => {
  const { client, server } = await serve((request) => void request.socket.destroy());
  await expect(client.get(namespaces, { name: 'x' })).rejects.toThrow(/cannot reach the API server at http:\/\/127/);
  await new Promise((resolve) => server.close(resolve));
  const refused = await client.get(namespaces, { name: 'x' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StatusError);
  expect(refused).toMatchObject({ code: 503, message: /cannot reach the API server at .*: connection refused/ });

  const { client: waiting } = await serve(() => {});
  const controller = new AbortController();
  const answered = waiting.get(namespaces, { name: 'x' }, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(answered).rejects.toThrow('enough');
});

const watchOf = (client: HttpClient, signal = new AbortController().signal) =>
  client.watch(configMaps, { resourceVersion: '1', allowWatchBookmarks: true, signal });

async function collect(client: HttpClient): Promise<string[]> {
  const events: string[] = [];
  for await (const event of watchOf(client)) {
    events.push(`${event.type} ${event.object.metadata.name ?? ''} ${event.object.metadata.resourceVersion}`);
  }
  return events;
}

const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

test('a watch is read line by line, however the bytes arrive, and ends with the stream', async () => {
  const bookmark = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion: '7', creationTimestamp: null } };
  const text = line('ADDED', configMap('ä', '2')) + line('MODIFIED', configMap('ä', '3')) + line('BOOKMARK', bookmark);
  let asked = '';
  const { client } = await serve(async (request, response) => {
    asked = request.url ?? '';
    response.writeHead(200);
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i += 7) {
      response.write(bytes.subarray(i, i + 7));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end(line('DELETED', configMap('half')).slice(0, 30));
  });
  expect(await collect(client)).toEqual(['ADDED ä 2', 'MODIFIED ä 3', 'BOOKMARK  7']);
  expect(asked).toBe('/api/v1/configmaps?watch=true&resourceVersion=1&allowWatchBookmarks=true');
});

test('an error in the stream, and one before it, are thrown; a broken connection only ends it', async () => {
  const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (5)' };
  const inside = await serve((_, response) => response.end(line('ERROR', expired)));
  expect(isExpired(await collect(inside.client).catch((error: unknown) => error))).toBe(true);
  const before = await serve((_, response) => answer(response, 410, expired));
  expect(isExpired(await collect(before.client).catch((error: unknown) => error))).toBe(true);
  const broken = await serve((request, response) => {
    response.write(line('ADDED', configMap('a', '2')));
    setImmediate(() => request.socket.destroy());
  });
  expect(await collect(broken.client)).toEqual(['ADDED a 2']);
});

test.each([
  ['{"type":\n', 'is not JSON'],
  ['[]\n', 'is not an object'],
  ['{"type":"MOVED","object":{}}\n', 'unknown type "MOVED"'],
  ['{"type":"ADDED","object":{"kind":"Secret"}}\n', 'carries something else'],
])('nonsense in a watch is an error: %j', async (text, message) => {
  const { client } = await serve((_, response) => response.end(text));
  await expect(collect(client)).rejects.toThrow(message);
});

test('a watch ends quietly when its signal aborts, and frees its connection', async () => {
  const { client, server } = await serve((_, response) => void response.write(line('ADDED', configMap('a', '2'))));
  const controller = new AbortController();
  const events: string[] = [];
  for await (const event of watchOf(client, controller.signal)) {
    events.push(event.type);
    controller.abort();
  }
  expect(events).toEqual(['ADDED']);
  await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0);
});

test('TLS: the authority is checked, client certificates and tokens are shown, failures say what is wrong', async () => {
  const now = Date.now();
  const authority = await createAuthority('test', 1, now);
  const hosts = ['127.0.0.1', 'kubernetes'];
  const serving = await issueCertificate(authority, { commonName: 'server', hosts, days: 1 }, now);
  const admin = await issueCertificate(
    authority,
    { commonName: 'admin', organizations: ['system:masters'], days: 1 },
    now,
  );
  const tls = { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  const handler: Handler = (request, response) => {
    const peer = Reflect.get(request.socket, 'getPeerCertificate').call(request.socket);
    const labels = { user: String(peer.subject?.CN ?? ''), token: request.headers.authorization ?? '' };
    answer(response, 200, { ...configMap('a'), metadata: { ...configMap('a').metadata, labels } });
  };
  const labelsFor = async (access: Partial<ClusterAccess>) => {
    const { client } = await serve(handler, tls, access);
    return (await client.get(configMaps, { namespace: 'default', name: 'a' })).metadata.labels;
  };
  const ca = authority.cert;
  expect(await labelsFor({ ca, clientCert: admin.cert, clientKey: admin.key })).toEqual({ user: 'admin', token: '' });
  expect(await labelsFor({ ca, token: 't0k', tlsServerName: 'kubernetes' })).toEqual({ user: '', token: 'Bearer t0k' });
  expect(await labelsFor({ insecureSkipTlsVerify: true })).toEqual({ user: '', token: '' });
  await expect(labelsFor({})).rejects.toThrow('its certificate is not from the authority in the kubeconfig');
  await expect(labelsFor({ ca, tlsServerName: 'other' })).rejects.toThrow('its certificate is for another name');
});

test('another client certificate is shown from the next request on; a watch under way goes on', async () => {
  const now = Date.now();
  const authority = await createAuthority('test', 1, now);
  const serving = await issueCertificate(authority, { commonName: 'server', hosts: ['127.0.0.1'], days: 1 }, now);
  const first = await issueCertificate(authority, { commonName: 'first', days: 1 }, now);
  const second = await issueCertificate(authority, { commonName: 'second', days: 1 }, now);
  const tls = { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  let watcher: ServerResponse | undefined;
  const { client, server } = await serve(
    (request, response) => {
      const user = String(Reflect.get(request.socket, 'getPeerCertificate').call(request.socket).subject?.CN);
      if (request.url?.includes('watch=true')) {
        watcher = response;
        response.write(line('ADDED', configMap(user)));
      } else answer(response, 200, configMap(user));
    },
    tls,
    { ca: authority.cert, clientCert: first.cert, clientKey: first.key },
  );
  const user = async () => (await client.get(configMaps, { namespace: 'default', name: 'a' })).metadata.name;
  const watch = watchOf(client, new AbortController().signal)[Symbol.asyncIterator]();
  expect((await watch.next()).value?.object.metadata.name).toBe('first');
  expect(await user()).toBe('first');
  client.transport.setClientCertificate(second.cert, second.key);
  expect(await user()).toBe('second');
  watcher?.write(line('ADDED', configMap('later')));
  expect((await watch.next()).value?.object.metadata.name).toBe('later');
  await client.close();
  await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0);
});
