import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { startCluster } from '#test/harness/cluster.ts';
import { type BenchRow, type Measurement, median, ms, percent, perSecond } from '../row.ts';
import { runRawPod } from './raw-pod.ts';

const image = 'berth.local/busybox:1';
const singleRuns = 10;
const burstSize = 40;
const rawInFlight = 8;

/** Pods through the API beside the same containers made by raw CRI calls on the same containerd. */
export const containers: Measurement = {
  name: 'containers',
  async run(report) {
    const cluster = await startCluster({ podSubnet: 201 });
    const client = createHttpClient(loadKubeconfig({ files: [cluster.layout.kubeconfig] }));
    const clock = createRealClock();
    const runtime = createCriRuntime({ socketPath: cluster.layout.containerdSocket, clock, log: createSilentLog() });
    try {
      const raw: number[] = [];
      const ours: number[] = [];
      for (let index = 0; index < singleRuns; index++) {
        raw.push(await rawSingle(runtime, cluster.layout.cgroupRoot, index));
        ours.push(await apiSingle(client, index));
      }
      report(`one pod: raw CRI ${ms(median(raw))}, through the API ${ms(median(ours))}`);
      const rawRate = await rawBurst(runtime, cluster.layout.cgroupRoot);
      report(`burst of ${burstSize}: raw CRI ${perSecond(rawRate)}`);
      const ourRate = await apiBurst(client);
      report(`burst of ${burstSize}: through the API ${perSecond(ourRate)}`);
      return rowsOf(median(ours), median(raw), ourRate, rawRate);
    } finally {
      await runtime.close();
      await client.close();
      await cluster.destroy();
    }
  },
};

function rowsOf(oursMs: number, rawMs: number, ourRate: number, rawRate: number): BenchRow[] {
  return [
    {
      what: 'one pod, create → Running',
      ours: ms(oursMs),
      limit: `raw CRI ${ms(rawMs)}`,
      ratio: `${oursMs < rawMs ? '−' : '+'}${ms(Math.abs(oursMs - rawMs))}`,
      goal: '≤ +150 ms',
      met: oursMs - rawMs <= 150,
    },
    {
      what: `burst of ${burstSize} pods`,
      ours: perSecond(ourRate),
      limit: `raw CRI ${perSecond(rawRate)}, ${rawInFlight} in flight`,
      ratio: percent(ourRate / rawRate),
      goal: '≥ 60%',
      met: ourRate / rawRate >= 0.6,
    },
  ];
}

async function rawSingle(runtime: ContainerRuntime, cgroupRoot: string, index: number): Promise<number> {
  const begin = performance.now();
  const pod = await runRawPod(runtime, `raw-${index}`, image, cgroupRoot);
  const took = performance.now() - begin;
  await pod.remove();
  return took;
}

async function rawBurst(runtime: ContainerRuntime, cgroupRoot: string): Promise<number> {
  const names = Array.from({ length: burstSize }, (_, index) => `burst-${index}`);
  const made: { remove(): Promise<void> }[] = [];
  const begin = performance.now();
  const worker = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      made.push(await runRawPod(runtime, name, image, cgroupRoot));
    }
  };
  await Promise.all(Array.from({ length: rawInFlight }, worker));
  const rate = (burstSize * 1000) / (performance.now() - begin);
  for (const pod of made) await pod.remove();
  return rate;
}

async function apiSingle(client: HttpClient, index: number): Promise<number> {
  const name = `single-${index}`;
  const begin = performance.now();
  const running = whenRunning(client, 1);
  await client.create(pods, podOf(name));
  await running;
  const took = performance.now() - begin;
  await removeAll(client);
  return took;
}

async function apiBurst(client: HttpClient): Promise<number> {
  const begin = performance.now();
  const running = whenRunning(client, burstSize);
  await Promise.all(Array.from({ length: burstSize }, (_, index) => client.create(pods, podOf(`burst-${index}`))));
  await running;
  const rate = (burstSize * 1000) / (performance.now() - begin);
  await removeAll(client);
  return rate;
}

const podOf = (name: string): V1Pod => ({
  metadata: { name, namespace: 'default', labels: { bench: 'yes' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: ['sleep', '100000'] }] },
});

async function whenRunning(client: HttpClient, count: number): Promise<void> {
  const running = new Set<string>();
  const signal = AbortSignal.timeout(120_000);
  const options = {
    namespace: 'default',
    labelSelector: 'bench',
    resourceVersion: '0',
    sendInitialEvents: true,
    allowWatchBookmarks: true,
    signal,
  };
  for await (const event of client.watch(pods, options)) {
    if (event.type === 'BOOKMARK') continue;
    if (event.type !== 'DELETED' && event.object.status?.phase === 'Running') running.add(event.object.metadata.uid);
    if (running.size >= count) return;
  }
  throw new Error(`only ${running.size} of ${count} pods were Running in time`);
}

/** Until the API has none left, so that one measurement does not weigh on the next. */
async function removeAll(client: HttpClient): Promise<void> {
  await client.deleteCollection(pods, { namespace: 'default', labelSelector: 'bench' });
  const deadline = performance.now() + 60_000;
  while ((await client.list(pods, { namespace: 'default', labelSelector: 'bench' })).items.length > 0) {
    if (performance.now() > deadline) throw new Error('the pods were not gone after a minute');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
