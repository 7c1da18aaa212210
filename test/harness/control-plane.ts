/** A whole control plane in this process, on a memory store unless told otherwise, with a kubeconfig for real clients. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { type ControlPlane, type ControlPlaneOptions, runControlPlane } from '#control-plane/server.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { createTestCertificates, type TestCertificates } from './certs.ts';

export interface TestControlPlane {
  readonly plane: ControlPlane;
  readonly certs: TestCertificates;
  /** A file of the administrator's. */
  readonly kubeconfig: string;
  /** A folder of this control plane's own; removed by `stop`. */
  readonly folder: string;
  /** Writes another kubeconfig for that user and returns its path. */
  kubeconfigFor(user: KeyPair, name: string): Promise<string>;
  stop(): Promise<void>;
}

/** `given`: where the options rest on certificates that are made already. */
export async function startControlPlane(
  options: Partial<ControlPlaneOptions> = {},
  given?: TestCertificates,
): Promise<TestControlPlane> {
  const clock = createRealClock();
  const certs = given ?? (await createTestCertificates());
  const stopping = new AbortController();
  const plane = await runControlPlane(
    {
      clock,
      random: createRealRandom(),
      log: createSilentLog(),
      store: createMemoryStore({ clock }),
      certificates: { ca: certs.ca.cert, server: certs.server, node: certs.proxy },
      listen: { host: '127.0.0.1', port: 0 },
      nodeMetrics: false,
      ...options,
    },
    stopping.signal,
  );
  const folder = await mkdtemp(join(tmpdir(), 'berth-plane-'));
  const kubeconfigFor = async (user: KeyPair, name: string): Promise<string> => {
    const file = join(folder, `${name}.kubeconfig`);
    await writeFile(file, kubeconfigText(plane.url, certs.ca.cert, user), { mode: 0o600 });
    return file;
  };
  return {
    plane,
    certs,
    folder,
    kubeconfig: await kubeconfigFor(certs.admin, 'admin'),
    kubeconfigFor,
    async stop() {
      stopping.abort(new Error('the test is over'));
      await plane.done;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function kubeconfigText(server: string, ca: string, { cert, key }: KeyPair): string {
  const data = (pem: string) => Buffer.from(pem).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': data(ca) } }],
    users: [{ name: 'user', user: { 'client-certificate-data': data(cert), 'client-key-data': data(key) } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'user' } }],
    'current-context': 'test',
  });
}
