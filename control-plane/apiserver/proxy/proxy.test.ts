import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';
import { createTestCertificates } from '#test/harness/certs.ts';
import { type FakeAgent, startFakeAgent } from '#test/harness/fake-agent.ts';

let api: TestApiServer;
let agent: FakeAgent;
const pods = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  const certs = await createTestCertificates();
  const { cert, key } = certs.proxy;
  api = await startApiServer({ nodeProxy: { ca: certs.ca.cert, certificate: cert, key } });
  agent = await startFakeAgent(certs, 'n1');
  await makeNode('n1', agent.port);
  await makePod('one', ['main'], 'n1');
  await makePod('two', ['a', 'b'], 'n1');
  await makePod('waiting', ['main'], undefined);
});
afterAll(async () => {
  await agent.stop();
  await api.stop();
});
beforeEach(() => {
  agent.requests.length = 0;
});

async function makeNode(name: string, port: number): Promise<void> {
  await api.ask('POST', '/api/v1/nodes', { body: { metadata: { name } } });
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  const patched = await api.ask('PATCH', `/api/v1/nodes/${name}/status`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ status }),
  });
  if (patched.status !== 200) throw new Error(patched.text);
}

async function makePod(name: string, containers: string[], nodeName: string | undefined): Promise<void> {
  const spec = { nodeName, containers: containers.map((container) => ({ name: container, image: 'i' })) };
  const made = await api.ask('POST', pods, { body: { metadata: { name }, spec } });
  if (made.status !== 201) throw new Error(made.text);
}

/** Asks for an upgrade; resolves with the connection once the head of the answer is there. */
async function upgrade(path: string, protocol = 'SPDY/3.1'): Promise<{ socket: TLSSocket; head: string }> {
  const { cert, key } = api.certs.admin;
  const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.certs.ca.cert, cert, key });
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nContent-Length: 0\r\n` +
      'X-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\n\r\n',
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) head += String((await once(socket, 'data'))[0]);
  return { socket, head };
}

describe('logs', () => {
  test('are streamed as they come, with our certificate and the options as they are', async () => {
    let write = (_text: string): void => undefined;
    let end = (): void => undefined;
    agent.onRequest = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      write = (text) => void response.write(text);
      end = () => void response.end();
      write('first\n');
    };
    const { cert, key } = api.certs.admin;
    const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.certs.ca.cert, cert, key });
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.write(
      `GET ${pods}/one/log?follow=true&tailLines=5&container=main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    await expect.poll(() => received).toContain('first');
    write('second\n');
    await expect.poll(() => received).toContain('second');
    end();
    await once(socket, 'close');
    expect(agent.requests).toMatchObject([
      { line: 'GET /containerLogs/default/one/main?follow=true&tailLines=5', user: 'apiserver-client' },
    ]);
  });

  test('of a pod with two containers need a name', async () => {
    const answer = await api.ask('GET', `${pods}/two/log`);
    expect(answer.json()).toMatchObject({
      code: 400,
      message: 'a container name must be specified for pod two, choose one of: [a b]',
    });
    expect((await api.ask('GET', `${pods}/one/log?container=x`)).json()).toMatchObject({
      code: 400,
      message: 'container x is not valid for pod one',
    });
    expect((await api.ask('GET', `${pods}/none/log`)).status).toBe(404);
    expect((await api.ask('GET', `${pods}/one/log?tailLines=-1`)).status).toBe(422);
    expect(await api.ask('GET', `${pods}/waiting/log`)).toMatchObject({ status: 200, text: '' });
    expect(agent.requests).toEqual([]);
  });

  test("the agent's refusal is passed on in its words", async () => {
    agent.onRequest = (_, response) => response.writeHead(400).end('container "main" in pod "one" is waiting to start');
    expect((await api.ask('GET', `${pods}/one/log`)).json()).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: 'container "main" in pod "one" is waiting to start',
    });
  });
});

describe('upgrades', () => {
  test.each(['SPDY/3.1', 'websocket'])('%s is passed through byte by byte', async (protocol) => {
    const path = `${pods}/one/exec?command=ls&command=-l%20x&stdin=true&stdout=true&tty=false`;
    const { socket, head } = await upgrade(path, protocol);
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(head).toContain('X-Extra: yes');
    expect(agent.requests).toMatchObject([
      {
        line: 'POST /exec/default/one/main?input=1&output=1&command=ls&command=-l+x',
        headers: { upgrade: protocol, 'x-stream-protocol-version': 'v4.channel.k8s.io, v3.channel.k8s.io' },
      },
    ]);
    const sent = Buffer.alloc(2_000_000, 'x');
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.write(sent);
    await expect.poll(() => received, { timeout: 5000 }).toBe(sent.length);
    socket.end();
    await once(socket, 'close');
  });

  test('when the agent ends, so does the client', async () => {
    const echo = agent.onUpgrade;
    agent.onUpgrade = (_, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nbye');
    };
    const { socket } = await upgrade(`${pods}/one/attach?stdout=true`);
    socket.resume();
    await once(socket, 'close');
    agent.onUpgrade = echo;
  });

  test('when the client breaks off, the agent is told', async () => {
    let ended = false;
    const echo = agent.onUpgrade;
    agent.onUpgrade = (request, socket, head) => {
      socket.once('close', () => {
        ended = true;
      });
      echo(request, socket, head);
    };
    const { socket } = await upgrade(`${pods}/one/portforward`);
    expect(agent.requests[0]?.line).toBe('POST /portForward/default/one');
    socket.destroy();
    await expect.poll(() => ended).toBe(true);
    agent.onUpgrade = echo;
  });

  test('refusals come as a Status', async () => {
    expect((await upgrade(`${pods}/two/exec?command=ls`)).head).toMatch(/^HTTP\/1.1 400 /);
    expect((await upgrade(`${pods}/waiting/exec?command=ls`)).head).toMatch(/^HTTP\/1.1 400 /);
    expect((await upgrade(`${pods}/none/exec?command=ls`)).head).toMatch(/^HTTP\/1.1 404 /);
    expect((await api.ask('POST', `${pods}/one/exec?command=ls`)).json()).toMatchObject({
      code: 400,
      message: 'Upgrade request required',
    });
    const echo = agent.onUpgrade;
    agent.onUpgrade = (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    expect((await upgrade(`${pods}/one/exec?command=ls`)).head).toMatch(/^HTTP\/1.1 403 /);
    agent.onUpgrade = echo;
  });
});

test('a node that cannot be reached, or is another than it says', async () => {
  const port = 1;
  await makeNode('dead', port);
  await makePod('lost', ['main'], 'dead');
  expect((await api.ask('GET', `${pods}/lost/log`)).json()).toMatchObject({
    code: 502,
    message: expect.stringContaining(`node "dead" cannot be reached at 127.0.0.1:${port}`),
  });
  await makeNode('impostor', agent.port);
  await makePod('astray', ['main'], 'impostor');
  expect((await api.ask('GET', `${pods}/astray/log`)).status).toBe(502);
});

test('nodes/proxy, pods/proxy', async () => {
  agent.onRequest = (request, response) => response.writeHead(200, { 'x-path': String(request.url) }).end('hello');
  const viaNode = await api.ask('GET', '/api/v1/nodes/n1/proxy/stats/a%2Fb?x=1');
  expect(viaNode).toMatchObject({ status: 200, text: 'hello', headers: { 'x-path': '/stats/a%2Fb?x=1' } });

  const web = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.method} ${request.url} ${request.headers.authorization} ${body}`));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = web.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await api.ask('PATCH', `${pods}/one/status`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: '{"status":{"podIP":"127.0.0.1"}}',
  });
  const viaPod = await api.ask('POST', `${pods}/one:${port}/proxy/form?q=1`, { body: 'data' });
  expect(viaPod.text).toBe('POST /form?q=1 undefined data');
  expect((await api.ask('GET', `${pods}/one:${port}/proxy`)).headers.location).toBe(`${pods}/one:${port}/proxy/`);
  web.close();
  expect((await api.ask('GET', '/api/v1/namespaces/default/services/none/proxy/')).status).toBe(404);
});
