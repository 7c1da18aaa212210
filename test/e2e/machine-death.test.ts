/**
 * Machines that die, hang or are cut off, with the settings that users have (detect 4 s, evict 2 s, fence 6 s). Bounds are three times
 * what is promised, because tests share their machine; the times that were measured are printed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { eventually } from '../harness/eventually.ts';
import { type MachineCluster, startMachineCluster } from '../harness/machines/cluster.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type Ordinals, watchOrdinals } from '../harness/machines/ordinals.ts';
import { isPodReady, type WatchedCluster, watchCluster } from '../harness/machines/watched.ts';

const ordinals = ['db-0', 'db-1'];
const webs = 3;

let cluster: MachineCluster;
let watched: WatchedCluster;
let only: Ordinals;

const manifest = (): string => {
  const labels = (app: string) => ({ selector: { matchLabels: { app } } });
  const spread = (app: string) => ({
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { app } },
      },
    ],
  });
  const notOnTheServer = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['m1'] }] },
        ],
      },
    },
  };
  const web = { terminationGracePeriodSeconds: 5, containers: [{ name: 'web', image: 'berth.local/hello:1' }] };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas: webs,
          ...labels('web'),
          template: { metadata: { labels: { app: 'web' } }, spec: { ...spread('web'), ...web } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'db' },
        spec: {
          replicas: ordinals.length,
          serviceName: 'db',
          ...labels('db'),
          template: {
            metadata: { labels: { app: 'db' } },
            spec: { ...spread('db'), ...only.podSpec, affinity: notOnTheServer },
          },
        },
      },
    ],
  });
};

beforeAll(async () => {
  cluster = await startMachineCluster({ count: 3, topology: 'link' });
  only = await watchOrdinals(cluster.machines);
  await cluster.apply(manifest());
  watched = await watchCluster(cluster.machine(1));
  await settled();
});
afterAll(async () => {
  only?.stop();
  await watched?.stop();
  await cluster?.destroy();
});
afterEach(() => expect(only.violations()).toEqual([]));

const runs = (pod: Stored<V1Pod>): boolean => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined;
const allRun = (app: string, count: number, except?: string): boolean => {
  const found = watched.podsOf(app).filter((pod) => runs(pod) && pod.spec?.nodeName !== except);
  return found.length === count;
};
/** All Ready, everything runs, nothing is going, and the containers are seen. */
const settled = async (): Promise<void> => {
  const begunMs = performance.now();
  const isAll = (app: string, count: number): boolean => allRun(app, count) && watched.podsOf(app).length === count;
  await watched.until('every node is Ready', begunMs, () => ['m1', 'm2', 'm3'].every(watched.isReady), 60_000);
  await watched.until('everything runs', begunMs, () => isAll('web', webs) && isAll('db', ordinals.length), 60_000);
  for (const pod of ordinals) await eventually(() => expect(only.alive(pod)).toHaveLength(1));
};
const isNamed = (name: string) => (pod: Stored<V1Pod>) => pod.metadata.name === name;
/** Where an ordinal runs now: what is done to a machine is done to this one. */
const machineOf = (pod: string): Machine => {
  const name = only.alive(pod)[0]?.machine;
  const found = cluster.machines.find((machine) => machine.name === name);
  if (!found) throw new Error(`${pod} runs nowhere`);
  return found;
};
const uidsOn = (node: string): string[] =>
  [...watched.podsOf('web', node), ...watched.podsOf('db', node)].map(({ metadata }) => metadata.uid);
const readyEndpointsOn = (node: string): number =>
  watched.slices
    .list('default')
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ nodeName, conditions }) => nodeName === node && conditions?.ready !== false).length;
const pidOf = (machine: Machine, name: string): number =>
  Number(readFileSync(join(machine.layout.runDir, `${name}.pid`), 'utf8'));

/** Containers and sandboxes that its containerd has of the pod. */
const containersOf = ({ layout, mustRun }: Machine, uid: string): Promise<string> => {
  const list = ['-a', layout.containerdSocket, '-n', 'k8s.io', 'containers', 'ls', '-q'];
  return mustRun('ctr', [...list, `labels."io.kubernetes.pod.uid"==${uid}`]);
};

/** Nothing is left on it of the pods that it had and the cluster has no more. */
const isClean = async (machine: Machine, before: readonly string[]): Promise<void> => {
  const stay = watched.pods.list().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const current = new Set(stay.map(({ metadata }) => metadata.uid));
  const replaced = before.filter((uid) => !current.has(uid));
  expect(replaced).not.toEqual([]);
  await eventually(async () => {
    for (const uid of replaced) expect(await containersOf(machine, uid)).toBe('');
  });
  // The question finds what is there.
  const [running = ''] = uidsOn('m1');
  expect(await containersOf(cluster.machine(1), running)).not.toBe('');
};

interface Loss {
  readonly [what: string]: number;
}

/** Does harm to the machine, follows its loss until all of it runs elsewhere, and mends it, whatever comes of it. */
async function lose(machine: Machine, harm: () => unknown, mend: () => unknown): Promise<Loss> {
  const { name } = machine;
  const lastRuns = ordinals.flatMap((pod) => only.alive(pod)).filter((run) => run.machine === name);
  const sinceMs = performance.now();
  const elsewhere = (pod: string): Promise<number> =>
    eventually(() => {
      const began = only.runs(pod).find((run) => run.firstMs > sinceMs);
      if (!began) throw new Error(`no process of ${pod} was seen elsewhere`);
      return began.firstMs - sinceMs;
    });
  try {
    const [notReady, endpoints, deployment, set] = await Promise.all([
      watched.until('NotReady', sinceMs, () => !watched.isReady(name)),
      watched.until('its endpoints are gone', sinceMs, () => readyEndpointsOn(name) === 0),
      watched.until('the Deployment runs elsewhere', sinceMs, () => allRun('web', webs, name)),
      watched.until('the StatefulSet runs elsewhere', sinceMs, () => allRun('db', ordinals.length, name)),
      harm(),
    ]);
    const begun = await Promise.all(lastRuns.map(({ pod }) => elsewhere(pod)));
    const ended = lastRuns.map(({ lastMs }) => lastMs - sinceMs);
    // Each new one begins after the old one was last seen.
    for (const [index, beginMs] of begun.entries()) expect(beginMs).toBeGreaterThan(ended[index] ?? Infinity);
    return {
      'not ready': notReady,
      'endpoints gone': endpoints,
      'Deployment elsewhere': deployment,
      'StatefulSet elsewhere': set,
      'ordinal last seen': Math.round(Math.max(...ended)),
      'ordinal seen elsewhere': Math.round(Math.min(...begun)),
    };
  } finally {
    await mend();
  }
}

function expectInTime(what: string, times: Loss): void {
  console.log(`${what}: ${JSON.stringify(times)} ms`);
  expect(times['not ready']).toBeLessThan(15_000);
  expect(times['endpoints gone']).toBeLessThan(15_000);
  expect(times['Deployment elsewhere']).toBeLessThan(30_000);
  expect(times['StatefulSet elsewhere']).toBeLessThan(30_000);
}

it('both watches over the ordinals see them', async () => {
  for (const pod of ordinals) {
    expect(only.alive(pod)).toMatchObject([{ pod, machine: watched.podsOf('db').find(isNamed(pod))?.spec?.nodeName }]);
    expect(await cluster.k('exec', pod, '--', ...only.lockProbe(pod))).toBe('held\n');
  }
});

it('a machine without power: its work runs elsewhere; back, it is cleaned and used again', async () => {
  const machine = machineOf('db-0');
  const before = uidsOn(machine.name);
  let upMs = 0;
  const times = await lose(machine, machine.powerOff, async () => {
    await machine.powerOn();
    upMs = performance.now();
    const up = await machine.berth(['up'], { timeoutMs: 120_000 });
    expect(up.code, up.stdout + up.stderr).toBe(0);
  });
  expectInTime('power lost', times);
  const ready = await watched.until('Ready again', upMs, () => watched.isReady(machine.name));
  await isClean(machine, before);
  console.log(
    `power back: Ready ${ready} ms after berth up began, clean by ${Math.round(performance.now() - upMs)} ms`,
  );
  // That it is used again: in the next test no other machine may have the ordinals.
  await settled();
});

it.each<[string, (machine: Machine) => { harm: () => unknown; mend: () => unknown }]>([
  ['a machine that is cut off', (machine) => ({ harm: () => cluster.cut(machine), mend: () => cluster.heal() })],
  [
    'an agent that hangs',
    (machine) => {
      const pid = pidOf(machine, 'agent');
      return { harm: () => process.kill(pid, 'SIGSTOP'), mend: () => process.kill(pid, 'SIGCONT') };
    },
  ],
  [
    'an agent that is killed and not started again',
    (machine) => {
      const supervisor = pidOf(machine, 'agent.supervisor');
      const harm = (): void => {
        process.kill(supervisor, 'SIGSTOP');
        process.kill(pidOf(machine, 'agent'), 'SIGKILL');
      };
      return { harm, mend: () => process.kill(supervisor, 'SIGCONT') };
    },
  ],
])('%s: no ordinal ever runs twice, and it comes back clean', async (what, trouble) => {
  const machine = machineOf('db-0');
  const before = uidsOn(machine.name);
  const { harm, mend } = trouble(machine);
  expectInTime(what, await lose(machine, harm, mend));
  const mendedMs = performance.now();
  await settled();
  await isClean(machine, before);
  console.log(`${what}, mended: clean by ${Math.round(performance.now() - mendedMs)} ms`);
});

/** Nothing was given up and nothing was moved. */
async function expectNoAlarm(what: string, doing: () => Promise<void>): Promise<void> {
  await settled();
  const before = only.runs().length;
  watched.forgetAlarms();
  await doing();
  await settled();
  console.log(`${what}: ${only.runs().length - before} ordinals were started again in their places`);
  expect(watched.alarms).toEqual([]);
}

it('a bad network is no death', async () => {
  const machine = machineOf('db-0');
  await expectNoAlarm('20% of packets lost for 30 s', async () => {
    await cluster.loss(machine, 20);
    await passes(30_000);
    await cluster.heal(machine);
  });
  await expectNoAlarm('packets 300 ms late for 8 s', async () => {
    await cluster.delay(machine, 300);
    await passes(8_000);
    await cluster.heal(machine);
  });
});

it('a server that hangs or is killed takes nobody for dead', async () => {
  const server = cluster.machine(1);
  await expectNoAlarm('server stopped for 8 s', async () => {
    const pid = pidOf(server, 'server');
    process.kill(pid, 'SIGSTOP');
    await passes(8_000);
    process.kill(pid, 'SIGCONT');
    await server.k('get', '--raw', '/readyz');
    await passes(3_000);
  });
  await expectNoAlarm('server killed', async () => {
    const pid = pidOf(server, 'server');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(pidOf(server, 'server')).not.toBe(pid);
      await server.k('get', '--raw', '/readyz');
    });
    await passes(3_000);
  });
});

it('when most machines are gone at once, nobody is evicted', async () => {
  const [, two, three] = cluster.machines;
  if (!two || !three) throw new Error('there are three machines');
  const uids = [...uidsOn('m1'), ...uidsOn('m2'), ...uidsOn('m3')].sort();
  watched.forgetAlarms();
  const sinceMs = performance.now();
  await Promise.all([cluster.cut(two), cluster.cut(three)]);
  await watched.until('both are lost', sinceMs, () => !watched.isReady('m2') && !watched.isReady('m3'));
  // Longer than it takes to evict the pods of one.
  await passes(6_000);
  await cluster.heal();
  await settled();
  expect(watched.alarms.filter((alarm) => alarm.startsWith('pod'))).toEqual([]);
  expect([...uidsOn('m1'), ...uidsOn('m2'), ...uidsOn('m3')].sort()).toEqual(uids);
});
