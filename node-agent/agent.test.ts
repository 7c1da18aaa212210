import { afterEach, expect, test } from 'vitest';
import { leases, nodes, pods } from '#api/kinds.ts';
import { type AgentBed, createAgentBed, nodeName } from '#test/harness/agent-bed.ts';
import { container } from './testing/pod-samples.ts';

const beds: AgentBed[] = [];

async function bed(...args: Parameters<typeof createAgentBed>): Promise<AgentBed> {
  const made = await createAgentBed(...args);
  beds.push(made);
  return made;
}

afterEach(async () => {
  for (const made of beds.splice(0)) await made.close();
});

test('registers the node with capacity, conditions and a lease', async () => {
  const { client, startAgent, clock } = await bed();
  await startAgent();
  await clock.advance(1_000);
  const node = await client.get(nodes, { name: nodeName });
  expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' });
  expect(node.status?.capacity).toMatchObject({ cpu: '4', memory: '8388608Ki', pods: '110' });
  expect(node.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
    ['MemoryPressure', 'False'],
    ['DiskPressure', 'False'],
    ['PIDPressure', 'False'],
    ['Ready', 'True'],
  ]);
  const lease = await client.get(leases, { namespace: 'kube-node-lease', name: nodeName });
  expect(lease.spec?.holderIdentity).toBe(nodeName);
  expect(lease.metadata.ownerReferences?.[0]?.uid).toBe(node.metadata.uid);
});

test('runs a pod, and says so', async () => {
  const { startAgent, createPod, until, pod, events } = await bed();
  await startAgent();
  await createPod('web', {});
  await until('web', (now) => now?.status?.phase === 'Running');
  const status = (await pod('web'))?.status;
  expect(status?.podIP).toMatch(/^10\.42\.0\./);
  expect(status?.hostIP).toBe('192.0.2.1');
  expect(status?.qosClass).toBe('BestEffort');
  expect(status?.containerStatuses?.[0]).toMatchObject({ name: 'main', ready: true, started: true, restartCount: 0 });
  expect(status?.conditions?.map(({ type, status: word }) => `${type}=${word}`).sort()).toEqual([
    'ContainersReady=True',
    'Initialized=True',
    'PodReadyToStartContainers=True',
    'PodScheduled=True',
    'Ready=True',
  ]);
  expect(events().map(({ reason }) => reason)).toEqual(['Pulled', 'Created', 'Started']);
});

test('deletes a pod: everything is stopped before the object goes', async () => {
  const { startAgent, createPod, until, runtime, client, host, events } = await bed();
  await startAgent();
  const { metadata } = await createPod('web', {});
  await until('web', (now) => now?.status?.phase === 'Running');
  await client.delete(pods, { namespace: 'default', name: 'web' });
  await until('web', (now) => now === undefined);
  expect(await runtime.listSandboxes()).toEqual([]);
  expect(await runtime.listContainers()).toEqual([]);
  expect(host.volumes.has(metadata.uid)).toBe(false);
  expect(events().at(-1)).toMatchObject({ reason: 'Killing', message: 'Stopping container main' });
});

test('restarts a container that ends, at once and then with growing pauses', async () => {
  const { startAgent, createPod, until, pod, clock } = await bed();
  await startAgent();
  await createPod('crash', { containers: [container('main', { command: ['false'] })] });
  const startedMs = clock.now();
  const waiting = (message: string) => (now: Awaited<ReturnType<typeof pod>>) =>
    now?.status?.containerStatuses?.[0]?.state?.waiting?.message?.startsWith(message) === true;
  await until('crash', waiting('back-off 10s restarting failed container=main pod=crash_default('));
  expect(clock.now() - startedMs).toBeLessThan(1_000);
  await until('crash', waiting('back-off 20s'));
  await until('crash', waiting('back-off 40s'));
  await until('crash', waiting('back-off 5m0s'), 1_000_000);
  const status = (await pod('crash'))?.status?.containerStatuses?.[0];
  expect(status?.restartCount).toBe(6);
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
});

test('a pod that never restarts ends as Succeeded or Failed, and stays so', async () => {
  const { startAgent, createPod, until, pod, runtime } = await bed();
  await startAgent();
  await createPod('good', { restartPolicy: 'Never', containers: [container('main', { command: ['true'] })] });
  await createPod('bad', { restartPolicy: 'Never', containers: [container('main', { command: ['false'] })] });
  await until('good', (now) => now?.status?.phase === 'Succeeded');
  await until('bad', (now) => now?.status?.phase === 'Failed');
  expect((await pod('good'))?.status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed');
  expect((await runtime.listSandboxes()).every(({ ready }) => !ready)).toBe(true);
});

test('init containers run in order, sidecars stay, and the pod ends without them', async () => {
  const { startAgent, createPod, until, runtime } = await bed();
  await startAgent();
  await createPod('job', {
    restartPolicy: 'Never',
    initContainers: [
      container('first', { command: ['sleep', '1'] }),
      container('side', { restartPolicy: 'Always' }),
      container('second', { command: ['sleep', '1'] }),
    ],
    containers: [container('main', { command: ['sleep', '5'] })],
  });
  await until('job', (now) => now?.status?.phase === 'Succeeded');
  const started = runtime.calls.filter(({ method }) => method === 'createContainer').map(({ subject }) => subject);
  expect(started.map((subject) => subject.split('/').at(-1))).toEqual(['first', 'side', 'second', 'main']);
});

test('a new agent adopts what runs: nothing is restarted, counts survive', async () => {
  const { startAgent, stopAgent, createPod, until, pod, runtime, clock } = await bed();
  await startAgent();
  await createPod('web', {});
  await createPod('crash', { containers: [container('main', { command: ['sh', '-c', 'sleep 100; false'] })] });
  await until('web', (now) => now?.status?.phase === 'Running');
  await until('crash', (now) => now?.status?.containerStatuses?.[0]?.restartCount === 2, 1_000_000);
  const before = await pod('web');
  await stopAgent();
  const calls = runtime.calls.length;
  await startAgent();
  await clock.advance(5_000);
  const made = runtime.calls.slice(calls).filter(({ method }) => /^(run|create|start|stop|remove)/.test(method));
  expect(made).toEqual([]);
  const after = await pod('web');
  expect(after?.status).toEqual(before?.status);
  await until('crash', (now) => now?.status?.containerStatuses?.[0]?.restartCount === 3, 1_000_000);
});

test('pods of the runtime that the API server does not know are removed', async () => {
  const { startAgent, stopAgent, createPod, until, client, runtime, clock } = await bed();
  await startAgent();
  await createPod('web', {});
  await until('web', (now) => now?.status?.phase === 'Running');
  await stopAgent();
  await client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
  await startAgent();
  await clock.advance(60_000);
  expect(await runtime.listSandboxes()).toEqual([]);
  expect(await runtime.listContainers()).toEqual([]);
});
