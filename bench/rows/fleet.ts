import { type ChildProcess, spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { V1Deployment } from '#api/generated/types.ts';
import { deployments, nodes } from '#api/kinds.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { startCluster, type TestCluster } from '#test/harness/cluster.ts';
import { eventually } from '#test/harness/eventually.ts';
import { cpuSeconds, residentMiB } from '../process-usage.ts';
import { type BenchRow, type Measurement, ms, percent } from '../row.ts';

/** Fewer, to look for what costs. */
const nodeCount = Number(process.env.FLEET_NODES ?? 1000);
const podCount = nodeCount * 10;
const deploymentCount = nodeCount / 10;
const sampleMs = 30_000;
const settleMs = 20_000;
/** Pods that are under way at once: the figures are of a fleet at work, not of the flood that made it. */
const podsAtOnce = 1_000;
const readEveryMs = 20;

/** A thousand hollow nodes with ten thousand pods on one server: what it takes, and how fast it reads, while they send heartbeats. */
export const fleet: Measurement = {
  name: 'fleet',
  onRequest: true,
  async run(report) {
    const cluster = await startCluster({ podCidr: '10.128.0.0/12' });
    const client = createHttpClient(loadKubeconfig({ files: [cluster.layout.kubeconfig] }));
    let agents: Fleet | undefined;
    try {
      const alone = await usage(cluster);
      const aloneRead = await readTimes(client, sampleMs / 3);
      agents = await startFleet(cluster.layout.kubeconfig);
      const readySince = Date.now();
      report(`${nodeCount} nodes are Ready`);
      await createPods(client);
      report(`${podCount} pods are Running and Ready after ${((Date.now() - readySince) / 1000).toFixed(0)} s`);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      agents.lagMaxMs = 0;
      const [loaded, read] = await Promise.all([usage(cluster, agents), readTimes(client, sampleMs)]);
      report(`p50 of a read ${ms(read.p50)}, longest ${ms(read.longest)}`);
      report(
        `the nodes' own process: ${percent(loaded.agentsCpu)} of a core, deaf for ${ms(agents.lagMaxMs)} at most; load average ${loadavg()[0]?.toFixed(1)}`,
      );
      const lost = await lostSince(client, readySince);
      return rowsOf(alone, loaded, aloneRead.p99, read.p99, lost);
    } finally {
      agents?.process.kill('SIGTERM');
      await client.close();
      await cluster.destroy();
    }
  },
};

interface Fleet {
  readonly process: ChildProcess;
  /** The longest time for which it was deaf, since this was set to 0. */
  lagMaxMs: number;
}

interface Usage {
  readonly cpu: number;
  readonly etcdCpu: number;
  readonly agentsCpu: number;
  readonly memory: number;
}

function rowsOf(alone: Usage, loaded: Usage, aloneRead: number, read: number, lost: number): BenchRow[] {
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
      goal: '≤ 100 ms',
      met: read <= 100,
    },
    {
      what: `${what}: nodes taken for dead`,
      ours: String(lost),
      limit: '0',
      ratio: '-',
      goal: '0',
      met: lost === 0,
    },
  ];
}

async function startFleet(kubeconfig: string): Promise<Fleet> {
  const script = join(import.meta.dirname, '../load/fleet.ts');
  const child = spawn(process.execPath, [script, kubeconfig, String(nodeCount)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const fleet = { process: child, lagMaxMs: 0 };
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'ready') resolve();
      const [, lag] = /^lag (\d+)$/.exec(line) ?? [];
      fleet.lagMaxMs = Math.max(fleet.lagMaxMs, Number(lag ?? 0));
    });
    child.once('exit', (code) => reject(new Error(`the fleet ended with ${code}`)));
  });
  return fleet;
}

/** Resolves when all are available, as the deployments tell: what the server had to do for them is done then. */
async function createPods(client: HttpClient): Promise<void> {
  const replicas = podCount / deploymentCount;
  const available = async (atLeast: number): Promise<void> => {
    await eventually(async () => (await availablePods(client)) >= atLeast, { withinMs: 900_000, everyMs: 500 });
  };
  for (let index = 0; index < deploymentCount; index++) {
    await available((index + 1) * replicas - podsAtOnce);
    const app = `fleet-${index}`;
    const container = {
      name: 'main',
      image: 'berth.local/hello:1',
      resources: { requests: { cpu: '10m', memory: '8Mi' } },
    };
    const deployment: V1Deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app, namespace: 'default' },
      spec: {
        replicas,
        selector: { matchLabels: { app } },
        template: { metadata: { labels: { app } }, spec: { containers: [container] } },
      },
    };
    // The server turns away what is too much at once, and says when to come again.
    await eventually(() => client.create(deployments, deployment), { withinMs: 60_000, everyMs: 1_000 });
  }
  await available(podCount);
}

async function availablePods(client: HttpClient): Promise<number> {
  const { items } = await client.list(deployments, { resourceVersion: '0' });
  return items.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

/** Nodes that are not Ready now, or became so anew since then. */
async function lostSince(client: HttpClient, sinceMs: number): Promise<number> {
  const { items } = await client.list(nodes);
  const flapped = items.filter(({ status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status !== 'True' || Date.parse(ready.lastTransitionTime ?? '') > sinceMs;
  });
  return flapped.length;
}

async function usage(cluster: TestCluster, fleet?: Fleet): Promise<Usage> {
  const server = cluster.pid('server');
  const etcd = cluster.pid('etcd');
  const agents = (): number => (fleet?.process.pid === undefined ? 0 : cpuSeconds(fleet.process.pid));
  const before = { server: cpuSeconds(server), etcd: cpuSeconds(etcd), agents: agents(), atMs: performance.now() };
  await new Promise((resolve) => setTimeout(resolve, sampleMs / 3));
  const seconds = (performance.now() - before.atMs) / 1000;
  return {
    cpu: (cpuSeconds(server) - before.server) / seconds,
    etcdCpu: (cpuSeconds(etcd) - before.etcd) / seconds,
    agentsCpu: (agents() - before.agents) / seconds,
    memory: residentMiB(server),
  };
}

/** Reads one object again and again at a steady pace, whatever the answers do. Milliseconds. */
async function readTimes(client: HttpClient, forMs: number): Promise<{ p50: number; p99: number; longest: number }> {
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
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}
