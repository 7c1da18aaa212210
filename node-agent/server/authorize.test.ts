import { request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createTestCertificates, type TestCertificates } from '#test/harness/certs.ts';
import { createHollowRuntime } from '../runtime/hollow/runtime.ts';
import { type AgentServer, createAgentServer } from './agent-server.ts';

let certs: TestCertificates;
let server: AgentServer;
let port: number;
beforeAll(async () => {
  certs = await createTestCertificates();
  const { cert, key } = await certs.serving(['n1']);
  const clock = createRealClock();
  server = createAgentServer({
    runtime: createHollowRuntime({ clock }),
    pods: { list: () => [], find: () => undefined },
    nodeName: 'n1',
    tls: { certificate: cert, key },
    clientCa: certs.ca.cert,
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    log: createSilentLog(),
  });
  port = await server.listen();
});
afterAll(() => server.close());

const ask = (path: string, pair: { cert: string; key: string } | undefined, headers: Record<string, string> = {}) =>
  new Promise<number | undefined>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      headers,
      servername: 'n1',
      ca: certs.ca.cert,
      agent: false,
      ...pair,
    };
    const asked = request(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('upgrade', (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    asked.once('error', reject);
    asked.end();
  });

const upgrade = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };

it.each([
  ['the API server', 'berth-apiserver', [], 200],
  ["Kubernetes' API server", 'kube-apiserver-kubelet-client', [], 200],
  ['an administrator', 'system:admin', ['system:masters'], 200],
  ['another node', 'system:node:n2', ['system:nodes'], 403],
  ['the node itself', 'system:node:n1', ['system:nodes'], 403],
  ['any user', 'eve', ['team'], 403],
  ['a user who calls himself so', 'eve', ['berth-apiserver'], 403],
] as const)('%s', async (_, name, groups, status) => {
  const pair = await certs.client(name, groups);
  expect(await ask('/pods', pair)).toBe(status);
  if (status !== 200) expect(await ask('/exec/default/web/main?command=id&output=1', pair, upgrade)).toBe(status);
});

it('nobody without a certificate, with one of another authority, or with one for serving', async () => {
  expect(await ask('/pods', undefined)).toBe(401);
  const foreign = await createTestCertificates();
  expect(await ask('/pods', await foreign.client('berth-apiserver', ['system:masters']))).toBe(401);
  expect(await ask('/pods', await certs.serving(['berth-apiserver']))).toBe(401);
});
