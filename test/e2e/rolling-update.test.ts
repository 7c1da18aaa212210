/** Rolling updates under load, from inside the node, with every moment of them checked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig, type V1Deployment, type V1EndpointSlice, type V1Pod, Watch } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const replicas = 10;
const serve = 'echo $VERSION >/www/index.html; trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait $!';

const manifest = (version: string, maxUnavailable: number | string, maxSurge: number | string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'ten' },
        spec: {
          replicas,
          selector: { matchLabels: { app: 'ten' } },
          strategy: { rollingUpdate: { maxUnavailable, maxSurge } },
          template: {
            metadata: { labels: { app: 'ten' } },
            spec: {
              terminationGracePeriodSeconds: 5,
              containers: [
                {
                  name: 'web',
                  image: 'berth.local/hello:1',
                  command: ['/bin/sh', '-c', serve],
                  env: [{ name: 'VERSION', value: version }],
                  // A busy machine is no reason to call a pod unready.
                  readinessProbe: {
                    httpGet: { port: 8080 },
                    periodSeconds: 1,
                    timeoutSeconds: 5,
                    failureThreshold: 10,
                  },
                },
              ],
            },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'ten' },
        spec: { selector: { app: 'ten' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  });

/** The fewest and the most that were seen since the last `reset`, over all moments of the watches. */
interface Seen {
  available: number;
  total: number;
  statusAvailable: number;
  statusTotal: number;
  moments: number;
}
const nothingSeen = (): Seen => ({
  available: replicas,
  total: 0,
  statusAvailable: replicas,
  statusTotal: 0,
  moments: 0,
});

let cluster: TestCluster;
let seen = nothingSeen();
const pods = new Map<string, V1Pod>();
const slices = new Map<string, V1EndpointSlice>();
const watches: AbortController[] = [];
const answers = new Map<string, number>();
let failures: string[] = [];
let loading = true;
let load: Promise<unknown> = Promise.resolve();

const isReady = (pod: V1Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

function onPod(phase: string, pod: V1Pod): void {
  const name = pod.metadata?.name ?? '';
  if (phase === 'DELETED') pods.delete(name);
  else if (phase === 'ADDED' || phase === 'MODIFIED') pods.set(name, pod);
  const active = [...pods.values()].filter((one) => !one.metadata?.deletionTimestamp);
  seen.available = Math.min(seen.available, active.filter(isReady).length);
  seen.total = Math.max(seen.total, active.length);
  seen.moments += 1;
}

function onDeployment(_phase: string, { status }: V1Deployment): void {
  seen.statusAvailable = Math.min(seen.statusAvailable, status?.availableReplicas ?? 0);
  seen.statusTotal = Math.max(seen.statusTotal, status?.replicas ?? 0);
}

function onSlice(phase: string, slice: V1EndpointSlice): void {
  const name = slice.metadata?.name ?? '';
  if (phase === 'DELETED') slices.delete(name);
  else slices.set(name, slice);
}

const readyAddresses = (): string[] =>
  [...slices.values()].flatMap((slice) =>
    (slice.endpoints ?? []).filter((one) => one.conditions?.ready).flatMap((one) => one.addresses),
  );

/** As a client inside the node would: one request after the other, each to the next address that is ready now. */
async function requests(first: number): Promise<void> {
  for (let turn = first; loading; turn += 1) {
    const addresses = readyAddresses();
    const address = addresses[turn % addresses.length];
    try {
      const answer = await fetch(`http://${address}:8080/`, { signal: AbortSignal.timeout(2_000) });
      const version = (await answer.text()).trim();
      answers.set(version, (answers.get(version) ?? 0) + 1);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      failures.push(`${address}: ${cause}`);
    }
    await sleep(5);
  }
}

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 106 });
  await cluster.apply(manifest('one', 0, '25%'));
  await cluster.k('rollout', 'status', 'deployment/ten', '--timeout=90s');
  const config = new KubeConfig();
  config.loadFromFile(cluster.layout.kubeconfig);
  const watch = new Watch(config);
  const base = '/namespaces/default';
  const label = { labelSelector: 'app=ten' };
  const ofService = { labelSelector: 'kubernetes.io/service-name=ten' };
  const ignore = () => undefined;
  watches.push(
    await watch.watch(`/api/v1${base}/pods`, label, onPod, ignore),
    await watch.watch(`/apis/apps/v1${base}/deployments`, {}, onDeployment, ignore),
    await watch.watch(`/apis/discovery.k8s.io/v1${base}/endpointslices`, ofService, onSlice, ignore),
  );
  await eventually(() => readyAddresses().length === replicas && pods.size === replicas);
  load = Promise.all([requests(0), requests(5)]);
});

afterAll(async () => {
  loading = false;
  await load;
  for (const watch of watches) watch.abort();
  await cluster?.destroy();
});

async function rollout(name: string, start: () => Promise<unknown>, version: string): Promise<Seen> {
  seen = nothingSeen();
  answers.clear();
  failures = [];
  const startMs = performance.now();
  await start();
  await cluster.k('rollout', 'status', 'deployment/ten', '--timeout=120s');
  const tookMs = Math.round(performance.now() - startMs);
  await eventually(() => {
    const active = [...pods.values()].filter((one) => !one.metadata?.deletionTimestamp);
    expect(active.map((one) => one.spec?.containers[0]?.env?.[0]?.value)).toEqual(Array(replicas).fill(version));
    expect(readyAddresses().sort()).toEqual(active.map((one) => one.status?.podIP).sort());
  });
  const good = [...answers.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${name}: ${tookMs} ms, ${good} requests answered, ${failures.length} failed`,
    failures.slice(0, 3),
    seen,
  );
  expect(seen.moments).toBeGreaterThan(2 * replicas);
  expect(good).toBeGreaterThan(10 * failures.length);
  return { ...seen };
}

it('maxUnavailable 0, maxSurge 25%: never fewer than 10 available, never more than 13', async () => {
  const { available, total, statusAvailable, statusTotal } = await rollout(
    '0/25%',
    () => cluster.apply(manifest('two', 0, '25%')),
    'two',
  );
  expect(available).toBe(10);
  expect(statusAvailable).toBe(10);
  expect(total).toBeLessThanOrEqual(13);
  expect(statusTotal).toBeLessThanOrEqual(13);
  expect(total).toBeGreaterThan(10);
});

it('maxUnavailable 30%, maxSurge 1: never fewer than 7, never more than 11', async () => {
  const { available, total, statusAvailable, statusTotal } = await rollout(
    '30%/1',
    () => cluster.apply(manifest('three', '30%', 1)),
    'three',
  );
  expect(available).toBeGreaterThanOrEqual(7);
  expect(statusAvailable).toBeGreaterThanOrEqual(7);
  expect(total).toBeLessThanOrEqual(11);
  expect(statusTotal).toBeLessThanOrEqual(11);
});

it('an undo goes back within the same bounds', async () => {
  const { available, total, statusAvailable, statusTotal } = await rollout(
    'undo',
    () => cluster.k('rollout', 'undo', 'deployment/ten'),
    'two',
  );
  expect(available).toBeGreaterThanOrEqual(7);
  expect(statusAvailable).toBeGreaterThanOrEqual(7);
  expect(total).toBeLessThanOrEqual(11);
  expect(statusTotal).toBeLessThanOrEqual(11);
});
