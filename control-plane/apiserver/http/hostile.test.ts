import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';

let api: TestApiServer;
beforeAll(async () => {
  api = await startApiServer({ requestTimeoutMs: 1000 });
});
afterAll(async () => {
  // Whatever was thrown at it, the server still works.
  expect((await api.ask('GET', '/readyz')).text).toBe('ok');
  await api.stop();
});

const configMaps = '/api/v1/namespaces/default/configmaps';

/** Sends bytes as they are and resolves with all that comes back until the server closes or `until` is seen. */
function raw(text: string, until?: RegExp): Promise<string> {
  const { cert, key } = api.certs.admin;
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.certs.ca.cert, cert, key });
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
      if (until?.test(received)) socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(received));
    socket.write(text);
  });
}

describe('bodies', () => {
  test('over 3 MiB', async () => {
    const body = JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(4 * 1024 * 1024) } });
    const answer = await api.ask('POST', configMaps, { body, headers: { 'content-type': 'application/json' } });
    expect(answer.json()).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
  });

  test.each([
    ['not JSON', '{', 400],
    ['empty', '', 400],
    ['an array', '[]', 400],
    ['null', 'null', 400],
    ['a number', '1', 400],
    ['another kind', '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}', 400],
    ['another version', '{"kind":"ConfigMap","apiVersion":"v9","metadata":{"name":"a"}}', 400],
    ['wrong types', '{"metadata":{"name":"a"},"data":{"a":1}}', 400],
    ['metadata as text', '{"metadata":"a"}', 400],
    ['no name', '{"metadata":{}}', 422],
    ['a bad name', '{"metadata":{"name":"A_b"}}', 422],
    ['another namespace', '{"metadata":{"name":"a","namespace":"other"}}', 400],
    ['a prototype', '{"metadata":{"name":"a"},"__proto__":{"data":{"a":"b"}},"constructor":{}}', 201],
    ['too deep', `{"metadata":{"name":"a"},"data":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, 400],
    ['broken UTF-8 as text', '{"metadata":{"name":"\ud800"}}', 422],
  ])('%s', async (_, body, code) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await api.ask('POST', `${configMaps}?dryRun=All`, { body, headers });
    expect(answer.status).toBe(code);
    if (code >= 400) expect(answer.json()).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });

  test('an alias bomb', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 12; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      );
    const headers = { 'content-type': 'application/yaml' };
    const answer = await api.ask('POST', configMaps, { body: lines.join('\n'), headers });
    expect(answer.status).toBe(400);
  });

  test('protobuf that is none', async () => {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    const send = (body: Buffer) => api.ask('POST', configMaps, { body: body.length ? body : 'x', headers });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.boolean(), async (bytes, withMagic) => {
        const body = Buffer.concat([Buffer.from(withMagic ? 'k8s\0' : ''), bytes]);
        expect((await send(body)).status).toBeGreaterThanOrEqual(400);
      }),
      { numRuns: 50 },
    );
  });

  test('cut off in the middle', async () => {
    const { cert, key } = api.certs.admin;
    await new Promise<void>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.certs.ca.cert, cert, key }, () => {
        const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
        socket.write(`${head}{"metadata":{"name":"cut"}`, () => socket.destroy());
      });
      socket.once('close', () => resolve());
    });
    expect((await api.ask('GET', `${configMaps}/cut`)).status).toBe(404);
  });

  test('too slow', async () => {
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`;
    const answer = await raw(head, /\}$/);
    expect(answer).toContain('HTTP/1.1 504');
    expect(answer).toContain('request did not complete within the allotted timeout');
  });
});

describe('requests', () => {
  test.each([
    ['GET', '/api/v1/nope', 404],
    ['GET', '/apis/nope/v1/things', 404],
    ['GET', '/api/v1/namespaces/default/pods/x/nope', 404],
    ['GET', '/api/v1/namespaces/default/pods/x/log/more', 404],
    ['GET', '/api/v1/namespaces/default/nodes', 404],
    ['GET', '/api/v1/pods/x', 404],
    ['GET', '/api/v1/namespaces/default/pods/a%2Fb', 404],
    ['GET', '/api/v1/namespaces/default/pods/%00', 404],
    ['GET', '/api/v1/namespaces/default/pods/%zz', 400],
    ['GET', '//api/v1/pods', 404],
    ['GET', '/api/v1//pods', 404],
    ['POST', '/api/v1/pods', 405],
    ['DELETE', '/api/v1/pods', 405],
    ['PUT', configMaps, 405],
    ['POST', `${configMaps}/a`, 405],
    ['OPTIONS', configMaps, 405],
    ['TRACE', configMaps, 405],
    ['DELETE', '/version', 405],
    ['GET', `${configMaps}?limit=x`, 400],
    ['GET', `${configMaps}?labelSelector=a%20b%20c`, 400],
    ['GET', `${configMaps}?fieldSelector=spec.nope=1`, 400],
    ['GET', `${configMaps}?continue=nonsense`, 400],
    ['GET', `${configMaps}?resourceVersionMatch=Exact`, 422],
    ['POST', `${configMaps}?dryRun=Some`, 422],
    ['POST', `${configMaps}?fieldValidation=Loose`, 422],
    ['DELETE', `${configMaps}/a?propagationPolicy=Maybe`, 422],
    ['DELETE', `${configMaps}/a?gracePeriodSeconds=x`, 400],
    ['GET', '/api/v1/namespaces/default/pods/x/exec?command=ls', 404],
  ])('%s %s', async (method, path, code) => {
    const answer = await api.ask(method, path);
    expect(answer.status).toBe(code);
    expect(answer.json()).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a header without an end', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(100_000)}\r\n\r\n`, 431],
    ['two lengths', `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx`, 400],
    [
      'both kinds of length',
      `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a bad chunk', `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
  ])('%s', async (_, text, code) => {
    expect(await raw(text, /\r\n\r\n/)).toContain(`HTTP/1.1 ${code}`);
  });

  test('an Upgrade where nothing can be upgraded is overlooked', async () => {
    const head = 'GET /version HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n';
    expect(await raw(head)).toContain('"major":"1"');
  });

  test('what cannot be accepted', async () => {
    const answer = await api.ask('GET', configMaps, { headers: { accept: 'text/html' } });
    expect(answer.json()).toMatchObject({ code: 406, reason: 'NotAcceptable' });
  });

  test('any path, any query: an answer, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.webPath(),
        fc.webQueryParameters(),
        fc.constantFrom('GET', 'PUT', 'DELETE'),
        async (path, query, method) => {
          const answer = await api.ask(method, `${configMaps}${path}?${query}`);
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 100 },
    );
  });
});

test('an HTTP/2 client that resets its streams harms nobody', async () => {
  const { cert, key } = api.certs.admin;
  const session = connectHttp2(api.url, { ca: api.certs.ca.cert, cert, key });
  session.on('error', () => undefined);
  for (let n = 0; n < 200; n++) {
    const stream = session.request({ ':path': `${configMaps}?watch=true` });
    stream.on('error', () => undefined);
    stream.close(8);
  }
  await new Promise((resolve) => session.close(() => resolve(undefined)));
  expect((await api.ask('GET', '/livez')).status).toBe(200);
});

test('watches end with the HTTP/2 session that carries them', async () => {
  const { cert, key } = api.certs.admin;
  const session = connectHttp2(api.url, { ca: api.certs.ca.cert, cert, key });
  session.on('error', () => undefined);
  const opened = Array.from({ length: 20 }, () => {
    const stream = session.request({ ':path': `${configMaps}?watch=true` });
    stream.on('error', () => undefined);
    return new Promise((resolve) => stream.once('response', resolve));
  });
  await Promise.all(opened);
  const watchers = async () =>
    /registered_watchers\{[^}]*kind="ConfigMap"\} (\d+)/.exec((await api.ask('GET', '/metrics')).text)?.[1];
  expect(await watchers()).toBe('20');
  session.destroy();
  await expect.poll(watchers).toBe('0');
});
