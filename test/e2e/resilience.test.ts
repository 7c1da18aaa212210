import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { mustRun, run } from '../harness/run.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 102 });
  await cluster.apply(deployment('steady', 2));
  await cluster.k('rollout', 'status', 'deployment/steady', '--timeout=60s');
});

afterAll(() => cluster?.destroy());

const deployment = (name: string, replicas: number): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'berth.local/hello:1' }] },
      },
    },
  });

interface PodView {
  readonly name: string;
  readonly container: string;
  readonly restarts: number;
  readonly ip: string;
}

async function pods(app: string): Promise<PodView[]> {
  const path =
    '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.podIP}{"\\n"}{end}';
  const text = await cluster.k('get', 'pods', '-l', `app=${app}`, '-o', `jsonpath=${path}`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', container = '', restarts = '', ip = ''] = line.split(' ');
      return { name, container: container.replace('containerd://', ''), restarts: Number(restarts), ip };
    });
}

const pidOf = async (container: string): Promise<number> => {
  const tasks = await mustRun('ctr', ['--address', cluster.layout.containerdSocket, '-n', 'k8s.io', 'tasks', 'ls']);
  return Number(new RegExp(`${container}\\s+(\\d+)`).exec(tasks)?.[1]);
};

describe('when something dies', () => {
  it('a killed container comes back, and the restart is counted', async () => {
    await cluster.apply(deployment('victim', 1));
    await cluster.k('rollout', 'status', 'deployment/victim', '--timeout=60s');
    const [before] = await pods('victim');
    process.kill(await pidOf(before?.container ?? ''), 'SIGKILL');
    await eventually(async () => {
      const [now] = await pods('victim');
      expect(now).toMatchObject({ name: before?.name, restarts: 1 });
      expect(now?.container).not.toBe(before?.container);
    });
    await eventually(async () => {
      const last = await cluster.k(
        'get',
        'pod',
        before?.name ?? '',
        '-o',
        'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}',
      );
      expect(last).toBe('137');
    });
  });

  it('a container that crashes again and again is started with a growing back-off', async () => {
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'crasher' },
        spec: { containers: [{ name: 'main', image: 'berth.local/hello:1', command: ['/bin/sh', '-c', 'exit 3'] }] },
      }),
    );
    await eventually(
      async () => {
        const status = await cluster.k(
          'get',
          'pod',
          'crasher',
          '-o',
          'jsonpath={.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].lastState.terminated.exitCode} {.status.containerStatuses[0].state.waiting.message}',
        );
        expect(status).toMatch(/^2 CrashLoopBackOff 3 back-off 20s restarting failed container=main/);
      },
      { withinMs: 60_000 },
    );
    await cluster.k('delete', 'pod', 'crasher', '--now');
  });

  it('a killed server changes nothing for the containers, and comes back', async () => {
    const before = await pods('steady');
    const server = cluster.pid('server');
    process.kill(server, 'SIGKILL');
    await eventually(async () => {
      expect(
        (await run('ctr', ['--address', cluster.layout.containerdSocket, '-n', 'k8s.io', 'tasks', 'ls'])).stdout,
      ).toContain(before[0]?.container);
      expect((await cluster.kubectl(['get', '--raw', '/readyz'])).stdout).toBe('ok');
      expect(cluster.pid('server')).not.toBe(server);
    });
    await cluster.k('wait', 'node', '--all', '--for=condition=Ready', '--timeout=30s');
    expect(await pods('steady')).toEqual(before);
    await cluster.k('scale', 'deployment/steady', '--replicas=3');
    await cluster.k('rollout', 'status', 'deployment/steady', '--timeout=60s');
    expect(await pods('steady')).toEqual(expect.arrayContaining(before));
  });

  it('a killed containerd changes nothing for the containers either', async () => {
    const before = await pods('steady');
    process.kill(cluster.pid('containerd'), 'SIGKILL');
    await cluster.apply(deployment('after-containerd', 1));
    await cluster.k('rollout', 'status', 'deployment/after-containerd', '--timeout=60s');
    expect(await pods('steady')).toEqual(before);
  });

  it('while etcd is dead requests fail with a clear error; afterwards nothing acknowledged is lost', async () => {
    const acknowledged: string[] = [];
    let stop = false;
    const writer = (async () => {
      for (let index = 0; !stop; index++) {
        const name = `written-${index}`;
        const result = await cluster.kubectl([
          'create',
          'configmap',
          name,
          `--from-literal=index=${index}`,
          '--request-timeout=5s',
        ]);
        if (result.code === 0) acknowledged.push(name);
        else expect(result.stderr).toMatch(/etcd|store|unavailable|timed? ?out|deadline/i);
      }
    })();
    await eventually(() => acknowledged.length >= 3);
    process.kill(cluster.pid('etcd'), 'SIGKILL');
    const seen = acknowledged.length;
    await eventually(() => acknowledged.length >= seen + 3, { withinMs: 60_000 });
    stop = true;
    await writer;
    const stored = await cluster.k('get', 'configmaps', '-o', 'name');
    for (const name of acknowledged) expect(stored).toContain(`configmap/${name}\n`);
    const before = await pods('steady');
    await cluster.apply(deployment('after-etcd', 1));
    await cluster.k('rollout', 'status', 'deployment/after-etcd', '--timeout=60s');
    expect(await pods('steady')).toEqual(before);
  });

  it('down keeps the state, and up brings the same cluster and its pods back', async () => {
    const names = (await pods('steady')).map((one) => one.name).sort();
    const uid = await cluster.k('get', 'namespace', 'default', '-o', 'jsonpath={.metadata.uid}');
    expect((await cluster.down()).code).toBe(0);
    expect((await cluster.kubectl(['get', 'pods', '--request-timeout=2s'])).code).not.toBe(0);
    expect((await cluster.up()).code).toBe(0);
    expect(await cluster.k('get', 'namespace', 'default', '-o', 'jsonpath={.metadata.uid}')).toBe(uid);
    await cluster.k('rollout', 'status', 'deployment/steady', '--timeout=90s');
    await eventually(async () => {
      expect((await pods('steady')).map((one) => one.name).sort()).toEqual(names);
      const ready = await cluster.k(
        'get',
        'pods',
        '-l',
        'app=steady',
        '-o',
        'jsonpath={.items[*].status.containerStatuses[0].ready}',
      );
      expect(ready).toBe('true true true');
    });
  });

  it('survives a power cut: every process killed at once, then up', async () => {
    const names = (await pods('steady')).map((one) => one.name).sort();
    await killEverything(cluster);
    expect((await cluster.up()).code).toBe(0);
    await eventually(
      async () => {
        expect((await pods('steady')).map((one) => one.name).sort()).toEqual(names);
        const ready = await cluster.k(
          'get',
          'pods',
          '-l',
          'app=steady',
          '-o',
          'jsonpath={.items[*].status.containerStatuses[0].ready}',
        );
        expect(ready).toBe('true true true');
      },
      { withinMs: 90_000 },
    );
  });
});

/** Supervisors first, then what they guard, then shims and containers: only files, mounts and interfaces stay. */
async function killEverything(one: TestCluster): Promise<void> {
  const { readdirSync, readFileSync } = await import('node:fs');
  const { cgroupFolders } = await import('#host/removal/cgroups.ts');
  const { shimsOf } = await import('#host/removal/shims.ts');
  const pidFiles = readdirSync(one.layout.runDir).filter((name) => name.endsWith('.pid'));
  const pids = pidFiles
    .sort((a, b) => Number(b.includes('supervisor')) - Number(a.includes('supervisor')))
    .map((name) => Number(readFileSync(`${one.layout.runDir}/${name}`, 'utf8')));
  const kill = (pid: number): void => void run('kill', ['-9', String(pid)]);
  for (const pid of pids) kill(pid);
  for (const pid of shimsOf(one.layout.containerdSocket)) kill(pid);
  for (const folder of cgroupFolders(one.layout.cgroupRoot)) {
    const below = await run('find', [folder, '-name', 'cgroup.procs', '-exec', 'cat', '{}', ';']);
    for (const pid of new Set(below.stdout.split('\n').filter(Boolean))) kill(Number(pid));
  }
  await eventually(() => pids.every((pid) => !isRunning(pid)) && shimsOf(one.layout.containerdSocket).length === 0);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
