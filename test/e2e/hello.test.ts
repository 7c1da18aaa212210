import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupVersion } from '#host/machine.ts';
import { containerLimits, cpuSeconds } from '../harness/cgroup.ts';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { mustRun } from '../harness/run.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ hello: true, podSubnet: 101 });
});

afterAll(() => cluster?.destroy());

const containerIds = async (selector: string): Promise<string[]> => {
  const path = '{range .items[*]}{.status.containerStatuses[0].containerID}{"\\n"}{end}';
  const lines = await cluster.k('get', 'pods', '-l', selector, '-o', `jsonpath=${path}`);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace('containerd://', ''));
};

const pod = (name: string, container: object, spec: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'berth.local/hello:1', ...container }],
      ...spec,
    },
  });

describe('berth up on a machine', () => {
  it('says what runs, where the kubeconfig is and what to type next', () => {
    expect(cluster.upOutput).toContain('etcd');
    expect(cluster.upOutput).toContain(cluster.layout.kubeconfig);
    expect(cluster.upOutput).toContain('berth get pods');
  });

  it('runs the pods of hello.yaml as real containers', async () => {
    await cluster.k('rollout', 'status', 'deployment/hello', '--timeout=60s');
    const ids = await containerIds('app=hello');
    expect(ids).toHaveLength(2);
    const listed = await mustRun('ctr', ['--address', cluster.layout.containerdSocket, '-n', 'k8s.io', 'tasks', 'ls']);
    for (const id of ids) expect(listed).toMatch(new RegExp(`${id}\\s+\\d+\\s+RUNNING`));
  });

  it("holds each container to exactly the manifest's limits", async () => {
    for (const id of await containerIds('app=hello')) {
      const limits = containerLimits(cluster.layout.cgroupRoot, id);
      expect(limits).toMatchObject({ cpuQuota: 25_000, memoryLimitBytes: 64 * 1024 ** 2 });
      if (cgroupVersion() === 'v1') expect(limits.cpuShare).toBe(51);
    }
  });

  it('kills a process that allocates more than its memory limit, and the pod says so', async () => {
    await cluster.apply(
      pod(
        'greedy',
        { command: ['/bin/sh', '-c', 'x=x; while :; do x=$x$x; done'], resources: { limits: { memory: '32Mi' } } },
        { restartPolicy: 'Never' },
      ),
    );
    await eventually(async () => {
      const state = await cluster.k(
        'get',
        'pod',
        'greedy',
        '-o',
        'jsonpath={.status.phase} {.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}',
      );
      expect(state).toBe('Failed OOMKilled 137');
    });
    expect(await cluster.k('get', 'pod', 'greedy')).toMatch(/greedy\s+0\/1\s+OOMKilled/);
  });

  it('holds a process that burns CPU to its quota', async () => {
    await cluster.apply(
      pod('burner', { command: ['/bin/sh', '-c', 'while :; do :; done'], resources: { limits: { cpu: '200m' } } }, {}),
    );
    await cluster.k('wait', 'pod/burner', '--for=condition=Ready', '--timeout=60s');
    const id = (
      await cluster.k('get', 'pod', 'burner', '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
    ).replace('containerd://', '');
    const startMs = performance.now();
    const before = cpuSeconds(cluster.layout.cgroupRoot, id);
    await eventually(() => performance.now() - startMs > 3_000, { everyMs: 100 });
    const share = ((cpuSeconds(cluster.layout.cgroupRoot, id) - before) * 1000) / (performance.now() - startMs);
    // One period of slack either way; a busy machine may give it less.
    expect(share).toBeLessThan(0.25);
    expect(share).toBeGreaterThan(0.05);
  });

  it('says that it is up already when it is run again', async () => {
    const again = await cluster.up();
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('up already');
  });
});
