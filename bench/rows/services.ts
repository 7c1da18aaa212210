import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Endpoint, V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createHttpClient } from '#client/http-client.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { createNodeRules } from '#node-agent/network/node-rules.ts';
import { createServiceProxy, type ServiceProxy } from '#node-agent/services/proxy.ts';
import { startCluster } from '#test/harness/cluster.ts';
import { eventually } from '#test/harness/eventually.ts';
import { addresses, bedNetwork, type PacketBed, startPacketBed } from '#test/harness/packets/bed.ts';
import { cpuSeconds } from '../process-usage.ts';
import { type BenchRow, type Measurement, median, ms, percent, perSecond } from '../row.ts';

const endpointsEach = 10;
const changes = 40;
const streamPort = 9100;
const seconds = 4;
const namespace = 'default';

/** Service rules: how fast and at what cost they follow, and what a connection through them costs. */
export const serviceRules: Measurement = {
  name: 'services',
  async run(report) {
    const cluster = await startCluster({ podSubnet: 214 });
    const bed = await startPacketBed();
    const ending = new AbortController();
    const client = createHttpClient(loadKubeconfig({ files: [cluster.layout.kubeconfig] }));
    try {
      const { proxy, ended } = startProxy(client, bed, ending.signal);
      const rows: BenchRow[] = [];
      const few = await measureChanges(client, proxy, 0, 10);
      report(`10 services: ${few.latencyMs.toFixed(1)} ms, ${few.cpuMs.toFixed(1)} ms of CPU for one change`);
      rows.push(...(await connectionRows(client, proxy, bed, report)));
      const many = await measureChanges(client, proxy, 10, 1_000);
      report(`1000 services: ${many.latencyMs.toFixed(1)} ms, ${many.cpuMs.toFixed(1)} ms of CPU for one change`);
      const raw = await rawChange(bed);
      report(`one element by nft itself: ${raw.toFixed(1)} ms`);
      ending.abort();
      await ended;
      return [
        {
          what: 'endpoint change → rules, 1,000 services × 10',
          ours: ms(many.latencyMs),
          limit: `one element by nft ${ms(raw)}`,
          ratio: `${(many.latencyMs / raw).toFixed(1)} ×`,
          goal: '≤ 100 ms',
          met: many.latencyMs <= 100,
        },
        {
          what: 'the same with 10 services',
          ours: ms(few.latencyMs),
          limit: `1,000 services ${ms(many.latencyMs)}`,
          ratio: percent(few.latencyMs / many.latencyMs),
          goal: 'many ≤ 2 × few',
          met: many.latencyMs <= 2 * few.latencyMs,
        },
        {
          what: 'CPU of one change on a node, 1,000 services',
          ours: `${many.cpuMs.toFixed(1)} ms`,
          limit: `10 services ${few.cpuMs.toFixed(1)} ms`,
          ratio: `${(many.cpuMs / few.cpuMs).toFixed(1)} ×`,
          goal: '≤ 2 ×',
          met: many.cpuMs <= 2 * few.cpuMs,
        },
        ...rows,
      ];
    } finally {
      ending.abort();
      await bed.close();
      await cluster.destroy();
    }
  },
};

function startProxy(client: ApiClient, bed: PacketBed, signal: AbortSignal) {
  const [clock, random, log] = [createRealClock(), createRealRandom(), createSilentLog()];
  const informers = createInformerFactory(client, { clock, random, log });
  const run = bed.onNode;
  const rules = createNodeRules({ ...bedNetwork, table: 'berth', clock, log, run });
  const proxy = createServiceProxy({ informers, rules, nodeName: 'here', log, run });
  rules.setBase({ podCidr: bedNetwork.podCidr, gateway: addresses.gateway });
  const ended = Promise.all([rules.run(signal), proxy.run(signal)]);
  informers.start(signal);
  return { proxy, ended };
}

const endpoint = (ip: string): V1Endpoint => ({ addresses: [ip], nodeName: 'here', conditions: { ready: true } });
const addressOf = (index: number): string => `10.42.${16 + (index >> 8)}.${index & 255}`;

function sliceOf(name: string, endpoints: V1Endpoint[], port = 8080): V1EndpointSlice {
  return {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints,
  };
}

/** Adds services from `from` to `to`, then changes one endpoint at a time. Medians, and CPU of this process with its nft. */
async function measureChanges(client: ApiClient, proxy: ServiceProxy, from: number, to: number) {
  let next = from;
  let newest = 0n;
  const work = async (): Promise<void> => {
    for (let index = next++; index < to; index = next++) {
      const name = `bench-${index}`;
      await client.create(services, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } });
      const endpoints = Array.from({ length: endpointsEach }, (_, at) =>
        endpoint(addressOf(index * endpointsEach + at)),
      );
      const { metadata } = await client.create(endpointSlices, sliceOf(name, endpoints));
      const revision = BigInt(metadata.resourceVersion);
      if (revision > newest) newest = revision;
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  await eventually(() => proxy.applied() >= newest);
  // What the new services have set off elsewhere on this machine is over.
  await sleep(5_000);
  const latencies: number[] = [];
  const cpuBefore = cpuSeconds(process.pid, { children: true });
  for (let change = 0; change < changes; change++) {
    const index = change % to;
    const name = `bench-${index}`;
    const first = addressOf(index * endpointsEach + 1);
    const shown = Array.from({ length: endpointsEach }, (_, at) => endpoint(addressOf(index * endpointsEach + at)));
    const swapped = shown.map((one, at) => (at === 1 ? endpoint(`${first.replace('10.42.', '10.42.1')}`) : one));
    const startMs = performance.now();
    const written = await client.update(
      endpointSlices,
      sliceOf(name, Math.floor(change / to) % 2 === 0 ? swapped : shown),
    );
    const wanted = BigInt(written.metadata.resourceVersion);
    if (proxy.applied() < wanted) {
      await new Promise<void>((resolve) => {
        const remove = proxy.onApplied((applied) => {
          if (applied < wanted) return;
          remove();
          resolve();
        });
      });
    }
    latencies.push(performance.now() - startMs);
  }
  const cpuMs = ((cpuSeconds(process.pid, { children: true }) - cpuBefore) * 1000) / changes;
  return { latencyMs: median(latencies), cpuMs };
}

async function connectionRows(
  client: ApiClient,
  proxy: ServiceProxy,
  bed: PacketBed,
  report: (line: string) => void,
): Promise<BenchRow[]> {
  await bed.serveStream('a', streamPort);
  const made = await client.create(services, {
    metadata: { name: 'bench-stream', namespace },
    spec: { ports: [{ port: streamPort }] },
  });
  const slice = sliceOf('bench-stream', [endpoint(addresses.a)], streamPort);
  const { metadata } = await client.create(endpointSlices, slice);
  await eventually(() => proxy.applied() >= BigInt(metadata.resourceVersion));
  const ip = made.spec?.clusterIP ?? '';
  /** In turns, so that what else the machine does falls on both. */
  const both = async (what: 'read' | 'connect') => {
    const direct: number[] = [];
    const through: number[] = [];
    for (let round = 0; round < 3; round++) {
      direct.push(await bed.measure('c', what, addresses.a, streamPort, seconds));
      through.push(await bed.measure('c', what, ip, streamPort, seconds));
    }
    return { direct: median(direct), through: median(through) };
  };
  const rate = await both('connect');
  const bytes = await both('read');
  const text = (value: number): string => `${((value * 8) / 1e9).toFixed(1)} Gbit/s`;
  report(
    `connections ${perSecond(rate.through)} of ${perSecond(rate.direct)}, ${text(bytes.through)} of ${text(bytes.direct)}`,
  );
  const row = (what: string, through: string, direct: string, part: number): BenchRow => ({
    what,
    ours: through,
    limit: `direct ${direct}`,
    ratio: percent(part),
    goal: '≥ 80%',
    met: part >= 0.8,
  });
  return [
    row(
      'connections through a cluster address',
      perSecond(rate.through),
      perSecond(rate.direct),
      rate.through / rate.direct,
    ),
    row('throughput through a cluster address', text(bytes.through), text(bytes.direct), bytes.through / bytes.direct),
  ];
}

/** What nft and the kernel take for the smallest change to the same table. */
async function rawChange(bed: PacketBed): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < changes; round++) {
    const startMs = performance.now();
    const verb = round % 2 === 0 ? 'add' : 'delete';
    await bed.onNode('nft', ['-f', '-'], `${verb} element ip berth cluster_ips { 192.0.2.1 }\n`);
    times.push(performance.now() - startMs);
  }
  return median(times);
}
