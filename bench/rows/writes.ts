import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createEtcdStore } from '#control-plane/store/etcd.ts';
import { startCluster } from '#test/harness/cluster.ts';
import { type Measurement, percent, perSecond } from '../row.ts';

const clients = 64;
const seconds = 8;

/** ConfigMaps of 1 KB through the API server at 64 clients, beside the same values put into the same etcd directly. */
export const writes: Measurement = {
  name: 'writes',
  async run(report) {
    const cluster = await startCluster({ podSubnet: 202 });
    try {
      const ours = await loadApi(cluster.layout.kubeconfig);
      report(`through the API ${perSecond(ours)}`);
      const settings: unknown = JSON.parse(readFileSync(cluster.layout.settingsFile, 'utf8'));
      const port = typeof settings === 'object' && settings !== null ? Number(Reflect.get(settings, 'etcdPort')) : 0;
      const raw = await loadEtcd(port, cluster.layout.pkiDir);
      report(`raw etcd from Node, grouped ${perSecond(raw)}`);
      return [
        {
          what: `ConfigMap creates, ${clients} clients`,
          ours: perSecond(ours),
          limit: `raw etcd ${perSecond(raw)}`,
          ratio: percent(ours / raw),
          goal: '≥ 5000/s',
          met: ours >= 5000,
        },
      ];
    } finally {
      await cluster.destroy();
    }
  },
};

/** The load comes from a process of its own; it shares the machine's cores with server and etcd. */
function loadApi(kubeconfig: string): Promise<number> {
  const script = join(import.meta.dirname, '../load/configmaps.ts');
  const child = spawn(process.execPath, [script, 'create', kubeconfig, String(clients), String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(Number(output)) : reject(new Error(`the load ended with ${code}`)),
    );
  });
}

async function loadEtcd(port: number, pki: string): Promise<number> {
  const read = (file: string): Buffer => readFileSync(join(pki, file));
  const store = await createEtcdStore({
    endpoints: [`https://127.0.0.1:${port}`],
    tls: { ca: read('etcd-ca.crt'), cert: read('etcd-client.crt'), key: read('etcd-client.key') },
    clock: createRealClock(),
    log: createSilentLog(),
  });
  const value = Buffer.from('x'.repeat(1024));
  const endMs = performance.now() + seconds * 1000;
  let done = 0;
  const client = async (id: number): Promise<void> => {
    for (let index = 0; performance.now() < endMs; index++) {
      await store.create(`/bench/${id}-${index}`, value);
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
  await store.close();
  return done / seconds;
}
