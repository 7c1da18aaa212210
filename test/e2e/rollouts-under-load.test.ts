/**
 * Ten rolling updates and a drain on three machines, while somebody outside of the cluster sends 500 requests a second through a
 * node port: not one fails. The same without the acknowledgement of withdrawn endpoints: some do.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { type MachineCluster, startMachineCluster } from '../harness/machines/cluster.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type OpenLoad, startOpenLoad } from '../harness/open-load.ts';

const perSecond = 500;
const rollouts = 10;
const replicas = 4;
const nodePort = 30_500;

/** An ordinary server: at SIGTERM it takes no more connections and finishes those it has. It waits for nothing. */
const server = `
use strict; use IO::Socket::INET; use IO::Select;
my $listener = IO::Socket::INET->new(LocalPort => 8080, Listen => 1024, ReuseAddr => 1, Blocking => 0) or die $!;
my $select = IO::Select->new($listener); my %had; my $ending = 0;
$SIG{TERM} = sub { $ending = 1 }; $SIG{PIPE} = 'IGNORE';
sub take { while (my $client = $listener->accept) { $client->blocking(0); $select->add($client); $had{$client} = '' } }
until ($ending && !%had) {
  if ($ending && $listener) { take(); $select->remove($listener); close $listener; undef $listener }
  for my $ready ($select->can_read(0.2)) {
    if ($listener && $ready == $listener) { take(); next }
    my $read = sysread $ready, my $bytes, 4096;
    next if !defined $read && $!{EAGAIN};
    $had{$ready} .= $bytes if $read;
    next if $read && $had{$ready} !~ /\\r\\n\\r\\n/;
    syswrite $ready, "HTTP/1.1 200 OK\\r\\nContent-Length: " . length($ENV{VERSION}) . "\\r\\nConnection: close\\r\\n\\r\\n$ENV{VERSION}" if $read;
    $select->remove($ready); delete $had{$ready}; close $ready;
  }
}`;

/** Perl is on every Debian; the machine's own is used, so that no image is needed. */
const folders = ['/usr', '/lib', '/lib64'];

const manifest = (version: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop' }, data: { 'server.pl': server } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'shop' },
        spec: {
          replicas,
          selector: { matchLabels: { app: 'shop' } },
          strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } },
          template: {
            metadata: { labels: { app: 'shop' } },
            spec: {
              terminationGracePeriodSeconds: 20,
              volumes: [
                { name: 'app', configMap: { name: 'shop' } },
                ...folders.map((path, index) => ({
                  name: `f${index}`,
                  hostPath: { path: `/usr${path === '/usr' ? '' : path}` },
                })),
              ],
              containers: [
                {
                  name: 'web',
                  image: 'berth.local/busybox:1',
                  command: ['/usr/bin/perl', '/app/server.pl'],
                  env: [{ name: 'VERSION', value: version }],
                  volumeMounts: [
                    { name: 'app', mountPath: '/app' },
                    ...folders.map((path, index) => ({ name: `f${index}`, mountPath: path, readOnly: true })),
                  ],
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
        metadata: { name: 'shop' },
        spec: { type: 'NodePort', selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080, nodePort }] },
      },
    ],
  });

let cluster: MachineCluster;
let load: OpenLoad | undefined;
let outside: Machine;

beforeAll(async () => {
  cluster = await startMachineCluster({ count: 4, topology: 'link', outside: 1 });
  outside = cluster.machine(4);
  await roll('first');
});
afterAll(async () => {
  await load?.stop();
  await cluster?.destroy();
});

async function roll(version: string): Promise<void> {
  await cluster.apply(manifest(version));
  await cluster.k('rollout', 'status', 'deployment/shop', '--timeout=120s');
  // It is over only when the old pods are gone.
  await eventually(async () => {
    const names = await cluster.k('get', 'pods', '-l', 'app=shop', '-o', 'name');
    expect(names.trim().split('\n')).toHaveLength(replicas);
  });
}

const begin = (): OpenLoad =>
  startOpenLoad({
    url: `http://${cluster.machine(2).address}:${nodePort}/`,
    perSecond,
    prefix: ['nsenter', `--net=/run/netns/${outside.namespace}`],
  });

const tell = async (what: string, running: OpenLoad): Promise<number> => {
  const counts = await running.counts();
  console.log(
    `${what}: ${counts.sent} sent, ${counts.answered} answered, ${counts.failed} failed, slowest ${counts.slowestMs.toFixed(0)} ms`,
    counts.failures.slice(0, 5),
  );
  return counts.failed;
};

it('not one request fails in ten rolling updates and a drain', async () => {
  load = begin();
  for (let turn = 1; turn <= rollouts; turn++) {
    await roll(`turn-${turn}`);
    expect(await tell(`rollout ${turn}`, load)).toBe(0);
  }
  await cluster.k('drain', 'm3', '--ignore-daemonsets', '--timeout=120s');
  await eventually(async () => {
    expect(await cluster.k('get', 'pods', '-l', 'app=shop', '-o', 'wide', '--no-headers')).not.toContain(' m3 ');
  });
  await cluster.k('rollout', 'status', 'deployment/shop', '--timeout=120s');
  expect(await tell('drain', load)).toBe(0);
  await cluster.k('uncordon', 'm3');
  const last = await load.counts();
  expect(last.answered).toBeGreaterThan(perSecond * 10);
  expect(Object.keys(last.answers)).toEqual(expect.arrayContaining(['turn-1', 'turn-10']));
  await load.stop();
  load = undefined;
});

it('the same without the acknowledgement: requests fail', async () => {
  for (const index of [1, 2, 3]) {
    const machine = cluster.machine(index);
    expect((await machine.berth(['down'])).code).toBe(0);
    const up = await machine.berth(['up', '--no-hello'], { env: { BERTH_WITHDRAWAL: 'off' }, timeoutMs: 240_000 });
    expect(up.code, up.stdout + up.stderr).toBe(0);
  }
  await roll('blind');
  load = begin();
  const failedSoFar = async (): Promise<number> => (await load?.counts())?.failed ?? 0;
  // Answered for a while: what fails from here on is the rollouts'.
  await eventually(async () => expect((await load?.counts())?.answered).toBeGreaterThan(perSecond * 2));
  const before = await failedSoFar();
  for (let turn = 1; turn <= 10 && (await failedSoFar()) === before; turn++) {
    await roll(`blind-${turn}`);
    await tell(`blind rollout ${turn}`, load);
  }
  expect(await failedSoFar()).toBeGreaterThan(before);
});
