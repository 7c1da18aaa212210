import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { deployments } from '#api/kinds.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { startCluster, type TestCluster } from '#test/harness/cluster.ts';
import { eventually } from '#test/harness/eventually.ts';
import { cpuSeconds, residentMiB } from '../process-usage.ts';
import { type BenchRow, type Measurement, ms } from '../row.ts';

/** Fewer, to look for what costs. */
const nodeCount = Number(process.env.FLEET_NODES ?? 1000);
const podCount = nodeCount * 10;
const deploymentCount = nodeCount / 10;
const sampleMs = 30_000;
const settleMs = 20_000;
const readEveryMs = 20;

/** A thousand hollow nodes with ten thousand pods on one server: what it takes, and how fast it reads, while they send heartbeats. */
export const fleet: Measurement = {
  name: 'fleet',
  onRequest: true,
  async run(report) {
    const cluster = await startCluster({ podCidr: '10.128.0.0/12' });
    const client = createHttpClient(loadKubeconfig({ files: [cluster.layout.kubeconfig] }));
    let agents: ChildProcess | undefined;
    try {
      const alone = await usage(cluster);
      const aloneRead = await readP99(client, sampleMs / 3);
      agents = await startFleet(cluster.layout.kubeconfig);
      report(`${nodeCount} nodes are Ready`);
      await createPods(client);
      await eventually(async () => (await availablePods(client)) >= podCount, { withinMs: 900_000, everyMs: 2_000 });
      report(`${podCount} pods are Running and Ready`);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const [loaded, read] = await Promise.all([usage(cluster), readP99(client, sampleMs)]);
      report(
        `server ${(loaded.cpu * 100).toFixed(0)}% of a core, ${loaded.memory.toFixed(0)} MiB; etcd ${(loaded.etcdCpu * 100).toFixed(0)}%`,
      );
      return rowsOf(alone, loaded, aloneRead, read);
    } finally {
      agents?.kill('SIGTERM');
      await client.close();
      await cluster.destroy();
    }
  },
};

interface Usage {
  readonly cpu: number;
  readonly etcdCpu: number;
  readonly memory: number;
}

function rowsOf(alone: Usage, loaded: Usage, aloneRead: number, read: number): BenchRow[] {
  const what = `${nodeCount} nodes, ${podCount} pods`;
  const cores = (share: number): string => `${(share * 100).toFixed(0)}% of a core`;
  return [
    {
      what: `${what}: server CPU with heartbeats`,
      ours: cores(loaded.cpu),
      limit: `no fleet ${cores(alone.cpu)}`,
      ratio: `etcd ${cores(loaded.etcdCpu)}`,
      goal: '≤ 60%',
      met: loaded.cpu <= 0.6,
    },
    {
      what: `${what}: server memory`,
      ours: `${loaded.memory.toFixed(0)} MiB`,
      limit: `no fleet ${alone.memory.toFixed(0)} MiB`,
      ratio: `${(loaded.memory / alone.memory).toFixed(1)} ×`,
      goal: '≤ 1000 MiB',
      met: loaded.memory <= 1000,
    },
    {
      what: `${what}: p99 of a read`,
      ours: ms(read),
      limit: `no fleet ${ms(aloneRead)}`,
      ratio: `${(read / aloneRead).toFixed(1)} ×`,
      goal: '≤ 50 ms',
      met: read <= 50,
    },
  ];
}

async function startFleet(kubeconfig: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, '../load/fleet.ts');
  const child = spawn(process.execPath, [script, kubeconfig, String(nodeCount)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the fleet ended with ${code}`)));
  });
  return child;
}

async function createPods(client: HttpClient): Promise<void> {
  for (let index = 0; index < deploymentCount; index++) {
    const app = `fleet-${index}`;
    const container = {
      name: 'main',
      image: 'berth.local/hello:1',
      resources: { requests: { cpu: '10m', memory: '8Mi' } },
    };
    await client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app, namespace: 'default' },
      spec: {
        replicas: podCount / deploymentCount,
        selector: { matchLabels: { app } },
        template: { metadata: { labels: { app } }, spec: { containers: [container] } },
      },
    });
  }
}

/** As the deployments tell: what the server had to do for these pods is done then. */
async function availablePods(client: HttpClient): Promise<number> {
  const { items } = await client.list(deployments, { resourceVersion: '0' });
  return items.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

async function usage(cluster: TestCluster): Promise<Usage> {
  const server = cluster.pid('server');
  const etcd = cluster.pid('etcd');
  const before = { server: cpuSeconds(server), etcd: cpuSeconds(etcd), atMs: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, sampleMs / 3));
  const seconds = (performance.now() - before.atMs) / 1000;
  return {
    cpu: (cpuSeconds(server) - before.server) / seconds,
    etcdCpu: (cpuSeconds(etcd) - before.etcd) / seconds,
    memory: residentMiB(server),
  };
}

/** Reads one object again and again at a steady pace, whatever the answers do. Milliseconds. */
async function readP99(client: HttpClient, forMs: number): Promise<number> {
  const took: number[] = [];
  const beganMs = performance.now();
  const reads: Promise<void>[] = [];
  for (let index = 0; performance.now() - beganMs < forMs; index++) {
    const dueMs = beganMs + index * readEveryMs;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    reads.push(
      client.transport.request({ method: 'GET', path: '/api/v1/namespaces/default' }).then(async (response) => {
        await response.body.text();
        took.push(performance.now() - dueMs);
      }),
    );
  }
  await Promise.all(reads);
  took.sort((a, b) => a - b);
  return took[Math.floor(took.length * 0.99)] ?? Number.NaN;
}
