/**
 * Three machines, the first of them the server. One loses power, one is cut off, the agent of one is stopped: times from the fault
 * on, and for what must not run twice every process of the machine is looked at, again and again.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { type MachineCluster, startMachineCluster } from '../harness/machines/cluster.ts';
import type { Machine } from '../harness/machines/machine.ts';

/** Slower than what is promised (5 and 10 s), for a machine that does other things too; what was measured is printed. */
const noticedMs = 10_000;
const replacedMs = 25_000;
const mark = randomUUID();

const pod = (grace: number) => ({
  metadata: { labels: { app: 'x' } },
  spec: {
    terminationGracePeriodSeconds: grace,
    containers: [
      {
        name: 'main',
        image: 'berth.local/busybox:1',
        // Its name stands among its arguments, where the test finds it.
        command: ['/bin/sh', '-c', `while :; do sleep 1; done # ${mark} $(POD)`],
        env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        ports: [{ containerPort: 80 }],
      },
    ],
  },
});

const labelled = (app: string, grace: number) => ({ ...pod(grace), metadata: { labels: { app } } });
const manifest = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 6, selector: { matchLabels: { app: 'web' } }, template: labelled('web', 1) },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'store' },
      spec: {
        replicas: 3,
        serviceName: 'store',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'store' } },
        // Longer than everything here: whoever waits for it is seen.
        template: labelled('store', 300),
      },
    },
  ],
});

let cluster: MachineCluster;
let twice: string[] = [];
let sampler: NodeJS.Timeout | undefined;

/** The first process of each pod's container that runs, by the pod's name: from the processes that there are on all machines. */
function running(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const ours = new Set<string>();
  const parents = new Map<string, string>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const name = words.includes(mark) ? /([a-z]+-[-a-z0-9]+)\0$/.exec(words)?.[1] : undefined;
      if (!name) continue;
      ours.add(pid);
      parents.set(pid, /\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '');
      found.set(name, [...(found.get(name) ?? []), pid]);
    } catch {
      // It has ended meanwhile.
    }
  }
  // A child of the shell looks like it until it has become another program.
  return new Map([...found].map(([name, pids]) => [name, pids.filter((pid) => !ours.has(parents.get(pid) ?? ''))]));
}

beforeAll(async () => {
  cluster = await startMachineCluster({ count: 3, topology: 'link' });
  await cluster.apply(manifest);
  await whole();
  sampler = setInterval(() => {
    for (const [name, pids] of running()) if (pids.length > 1) twice.push(`${name}: processes ${pids.join(' and ')}`);
  }, 100);
}, 400_000);

afterAll(async () => {
  clearInterval(sampler);
  await cluster?.destroy();
}, 120_000);

const whole = (): Promise<void> =>
  eventually(
    async () => {
      expect(await cluster.k('get', 'deployment', 'web', '-o', 'jsonpath={.status.availableReplicas}')).toBe('6');
      expect(await cluster.k('get', 'statefulset', 'store', '-o', 'jsonpath={.status.readyReplicas}')).toBe('3');
      const ready = await cluster.k('get', 'nodes', '--no-headers');
      expect(ready.split('\n').filter((line) => line.includes(' Ready'))).toHaveLength(3);
    },
    { withinMs: 90_000 },
  );

const podsOn = async (machine: Machine): Promise<{ name: string; uid: string }[]> => {
  const path = '{range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}';
  const text = await cluster.k(
    'get',
    'pods',
    '--field-selector',
    `spec.nodeName=${machine.name}`,
    '-o',
    `jsonpath=${path}`,
  );
  return text.split('\n').flatMap((line) => {
    const [name, uid] = line.split(' ');
    return name && uid ? [{ name, uid }] : [];
  });
};

/** How long after the fault the node is not ready, no endpoint is on it, and everything runs elsewhere. */
async function follow(machine: Machine, what: string, faultMs: number): Promise<void> {
  const since = (): string => `${((performance.now() - faultMs) / 1000).toFixed(1)} s`;
  const times: string[] = [];
  await eventually(
    async () => expect(await cluster.k('get', 'node', machine.name, '--no-headers')).toContain('NotReady'),
    { withinMs: noticedMs },
  );
  times.push(`NotReady after ${since()}`);
  const path = '{.items[*].endpoints[?(@.conditions.ready==true)].nodeName}';
  await eventually(
    async () => {
      const nodes = await cluster.k(
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=web',
        '-o',
        `jsonpath=${path}`,
      );
      expect(nodes.split(' ')).not.toContain(machine.name);
    },
    { withinMs: noticedMs },
  );
  times.push(`no endpoint after ${since()}`);
  await eventually(
    async () => {
      expect(await cluster.k('get', 'deployment', 'web', '-o', 'jsonpath={.status.availableReplicas}')).toBe('6');
    },
    { withinMs: replacedMs },
  );
  times.push(`Deployment whole after ${since()}`);
  await eventually(
    async () => {
      expect(await cluster.k('get', 'statefulset', 'store', '-o', 'jsonpath={.status.readyReplicas}')).toBe('3');
    },
    { withinMs: replacedMs },
  );
  times.push(`StatefulSet whole after ${since()}`);
  console.log(`${what}: ${times.join(', ')}`);
}

/** The machine is used again, and of what ran there before nothing does. */
async function used(
  machine: Machine,
  before: readonly { readonly name: string; readonly uid: string }[],
): Promise<void> {
  const name = machine.name;
  await eventually(
    async () => {
      expect(await cluster.k('get', 'node', name, '-o', 'jsonpath={.spec.taints}')).toBe('');
      expect(await cluster.k('get', 'node', name, '--no-headers')).toContain(' Ready');
      const uids = (await podsOn(machine)).map(({ uid }) => uid);
      expect(uids.filter((uid) => before.some((one) => one.uid === uid))).toEqual([]);
    },
    { withinMs: 60_000 },
  );
  await eventually(
    () => {
      const names = [...running().keys()];
      expect(names.filter((one) => before.some((old) => old.name === one && one.startsWith('web-')))).toEqual([]);
    },
    { withinMs: 30_000 },
  );
}

const agentPid = (machine: Machine): number => Number(readFileSync(join(machine.layout.runDir, 'agent.pid'), 'utf8'));

it('a machine that is cut off has stopped what must not run twice before another one starts it', async () => {
  const machine = cluster.machine(2);
  const before = await podsOn(machine);
  expect(before.filter(({ name }) => name.startsWith('store-'))).not.toEqual([]);
  await cluster.cut(machine);
  await follow(machine, 'cut off', performance.now());
  expect(twice).toEqual([]);
  // Cut off, and nothing has told it: what may run twice runs on.
  expect(
    [...running().keys()].filter((name) => before.some((one) => one.name === name && name.startsWith('web-'))),
  ).not.toEqual([]);
  await cluster.heal(machine);
  await used(machine, before);
  await whole();
  expect(twice).toEqual([]);
}, 240_000);

/** Pods stay where they are when a machine comes back: new ones are spread anew. */
async function spread(machine: Machine): Promise<{ name: string; uid: string }[]> {
  await cluster.k('delete', 'pods', '--all', '--grace-period=1');
  await whole();
  const pods = await podsOn(machine);
  for (const kind of ['web-', 'store-']) expect(pods.filter(({ name }) => name.startsWith(kind))).not.toEqual([]);
  return pods;
}

it('so has one whose agent is stopped', async () => {
  const machine = cluster.machine(3);
  const before = await spread(machine);
  const pid = agentPid(machine);
  process.kill(pid, 'SIGSTOP');
  try {
    await follow(machine, 'agent stopped', performance.now());
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await used(machine, before);
  await whole();
  expect(twice).toEqual([]);
}, 240_000);

it('a lossy and slow network is no death', async () => {
  const machine = cluster.machine(2);
  await cluster.loss(machine, 20);
  await cluster.delay(machine, 100);
  const uids = (await podsOn(machine)).map(({ uid }) => uid);
  const endMs = performance.now() + 30_000;
  while (performance.now() < endMs) {
    expect(await cluster.k('get', 'node', machine.name, '--no-headers')).not.toContain('NotReady');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await cluster.heal(machine);
  expect((await podsOn(machine)).map(({ uid }) => uid)).toEqual(expect.arrayContaining(uids));
  expect(twice).toEqual([]);
}, 120_000);

it('a machine that loses power is replaced, and used again when it is back', async () => {
  const machine = cluster.machine(3);
  const before = await spread(machine);
  // First its network, so that nobody hears of its end.
  await cluster.cut(machine);
  const faultMs = performance.now();
  await machine.powerOff();
  await follow(machine, 'power off', faultMs);
  await machine.powerOn();
  await cluster.heal(machine);
  expect((await machine.berth(['up'], { timeoutMs: 120_000 })).code).toBe(0);
  await used(machine, before);
  expect(twice).toEqual([]);
  twice = [];
}, 300_000);
