import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientKubeletSigner, kubeletServingSigner } from '#api/certificates.ts';
import { nodes } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import type { KeyPairPem } from '#client/certificates/key-pair.ts';
import { type CertificateManager, createCertificateManager } from '#client/certificates/manager.ts';
import { nodeHosts, nodeSubject } from '#client/certificates/node-certificates.ts';
import type { HttpClient } from '#client/http-client.ts';
import { createHollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import { createAgentServer } from '#node-agent/server/agent-server.ts';
import { eventually } from '../harness/eventually.ts';
import { type NodeCertificates, startJoining, type TestJoining } from '../harness/joining.ts';

/** A fifth of it must be enough for a renewal, on a busy machine too. */
const lifeSeconds = 12;
const clock = createRealClock();
const random = createRealRandom();
const log = createSilentLog();
let cluster: TestJoining;
let joined: NodeCertificates;
beforeAll(async () => {
  cluster = await startJoining({ days: lifeSeconds / 86_400 });
  joined = await cluster.join('n1', ['192.1.0.1']);
});
afterAll(() => cluster.stop());

const serialOf = ({ cert }: KeyPairPem): string => new X509Certificate(cert).serialNumber;

function managed(client: HttpClient, signer: string, first: KeyPairPem, hosts?: () => readonly string[]) {
  const saved: KeyPairPem[] = [first];
  const store = { load: () => saved.at(-1), save: (pair: KeyPairPem) => void saved.push(pair) };
  const subject = nodeSubject('n1');
  const manager = createCertificateManager({ client, signer, subject, hosts, store, clock, random, log, checkMs: 200 });
  return { manager, saved };
}

it('both certificates are renewed in the running process, and nobody notices', async () => {
  const { client: first, serving: firstServing } = joined;
  const stuck = cluster.clientOf(first);
  await stuck.list(nodes);
  const client = cluster.clientOf(first);
  const own = managed(client, clientKubeletSigner, first);
  own.manager.onChange(({ cert, key }) => client.transport.setClientCertificate(cert, key));
  const shown = managed(client, kubeletServingSigner, firstServing, () => nodeHosts('n1', []));
  const server = createAgentServer({
    runtime: createHollowRuntime({ clock }),
    pods: { list: () => [], find: () => undefined },
    nodeName: 'n1',
    tls: { certificate: firstServing.cert, key: firstServing.key },
    clientCa: cluster.certs.ca.cert,
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    log,
  });
  shown.manager.onChange(({ cert, key }) => server.setCertificate({ certificate: cert, key }));
  const port = await server.listen();
  const stopping = new AbortController();
  const running = Promise.all([own.manager, shown.manager].map((one: CertificateManager) => one.run(stopping.signal)));

  const failures: unknown[] = [];
  let calls = 0;
  const endMs = clock.now() + 4 * lifeSeconds * 1000;
  while (clock.now() < endMs && Math.min(own.saved.length, shown.saved.length) < 3) {
    await client.list(nodes).catch((error: unknown) => failures.push(error));
    calls += 1;
    await clock.sleep(100);
  }
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(50);
  expect(new Set([...own.saved, ...shown.saved].map(serialOf)).size).toBeGreaterThanOrEqual(6);
  expect(serialOf(own.manager.current())).toBe(serialOf(own.saved.at(-1) ?? first));
  await eventually(async () => (await serialShown(port)) === serialOf(shown.manager.current()));
  // Whoever did not renew is nobody, although its connection is still open.
  await expect(stuck.list(nodes)).rejects.toThrow('expired');
  stopping.abort();
  await running;
  await server.close();
}, 60_000);

it('when its hosts change a serving certificate is made anew', async () => {
  const { client: first, serving } = await cluster.join('n1', []);
  let hosts = nodeHosts('n1', []);
  const { manager } = managed(cluster.clientOf(first), kubeletServingSigner, serving, () => hosts);
  const stopping = new AbortController();
  const running = manager.run(stopping.signal);
  hosts = nodeHosts('n1', ['192.1.0.2']);
  await eventually(() => new X509Certificate(manager.current().cert).checkIP('192.1.0.2') !== undefined);
  stopping.abort();
  await running;
});

const serialShown = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: cluster.certs.ca.cert, servername: 'n1' }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
