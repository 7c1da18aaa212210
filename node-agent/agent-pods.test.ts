import { afterEach, expect, test } from 'vitest';
import { configMaps, pods } from '#api/kinds.ts';
import { type AgentBed, createAgentBed } from '#test/harness/agent-bed.ts';
import { createHollowTransport } from './probes/transport.ts';
import { RuntimeError } from './runtime/errors.ts';
import { container } from './testing/pod-samples.ts';

const beds: AgentBed[] = [];
async function bed(...args: Parameters<typeof createAgentBed>): Promise<AgentBed> {
  const made = await createAgentBed(...args);
  beds.push(made);
  await made.startAgent();
  return made;
}
afterEach(async () => {
  for (const made of beds.splice(0)) await made.close();
});

const asks = (cpu: string) => ({ containers: [container('main', { resources: { requests: { cpu } } })] });

test('a pod that does not fit is refused, with the reason, and starts nothing', async () => {
  const { createPod, until, pod, runtime } = await bed();
  await createPod('first', asks('3'));
  await until('first', (now) => now?.status?.phase === 'Running');
  await createPod('second', asks('2'));
  await until('second', (now) => now?.status?.phase === 'Failed');
  expect((await pod('second'))?.status).toMatchObject({
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 3900",
  });
  expect(await runtime.listSandboxes()).toHaveLength(1);
});

test('a new agent does not refuse what runs already', async () => {
  const { createPod, until, pod, stopAgent, startAgent, clock } = await bed();
  await createPod('first', asks('3'));
  await until('first', (now) => now?.status?.phase === 'Running');
  await stopAgent();
  await startAgent();
  await clock.advance(5_000);
  expect((await pod('first'))?.status?.phase).toBe('Running');
});

test('a pod ends at its deadline', async () => {
  const { createPod, until, pod, clock } = await bed();
  const startedMs = clock.now();
  await createPod('slow', { activeDeadlineSeconds: 30 });
  await until('slow', (now) => now?.status?.phase === 'Failed');
  expect(clock.now() - startedMs).toBeLessThan(32_000);
  expect((await pod('slow'))?.status).toMatchObject({
    reason: 'DeadlineExceeded',
    containerStatuses: [{ state: { terminated: { exitCode: 143 } } }],
  });
});

test('an image that cannot be pulled, until it can', async () => {
  const { createPod, until, runtime, events } = await bed();
  runtime.setImageMissing('registry.example/app:1', true);
  await createPod('web', {});
  const waiting = (reason: string) => (now: Parameters<Parameters<typeof until>[1]>[0]) =>
    now?.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason;
  await until('web', waiting('ErrImagePull'));
  await until('web', waiting('ImagePullBackOff'));
  runtime.setImageMissing('registry.example/app:1', false);
  await until('web', (now) => now?.status?.phase === 'Running', 400_000);
  expect(new Set(events().map(({ reason }) => reason))).toEqual(
    new Set(['Pulling', 'Failed', 'BackOff', 'Pulled', 'Created', 'Started']),
  );
});

test('a missing ConfigMap holds up the container, and its arrival is noticed at once', async () => {
  const { createPod, until, client, clock, pod } = await bed();
  await createPod('web', { containers: [container('main', { envFrom: [{ configMapRef: { name: 'late' } }] })] });
  await until(
    'web',
    (now) => now?.status?.containerStatuses?.[0]?.state?.waiting?.message === 'configmap "late" not found',
  );
  await clock.advance(60_000);
  await client.create(configMaps, { metadata: { name: 'late', namespace: 'default' } });
  const createdMs = clock.now();
  await until('web', (now) => now?.status?.phase === 'Running');
  expect(clock.now() - createdMs).toBeLessThan(200);
  expect((await pod('web'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
});

test('a volume that cannot be mounted keeps the pod pending, and says why', async () => {
  const { createPod, until, events, pod, clock } = await bed();
  await createPod('web', { volumes: [{ name: 'v', nfs: { server: 's', path: '/' } }] });
  await clock.advance(10_000);
  expect((await pod('web'))?.status?.phase).toBe('Pending');
  expect(events()[0]).toMatchObject({
    reason: 'FailedMount',
    message: 'MountVolume.SetUp failed for volume "v" : volumes of kind nfs are not supported by this node yet',
  });
  await until('web', (now) => now !== undefined);
});

test('a sandbox that cannot be made is told and tried again', async () => {
  const { createPod, until, events, runtime } = await bed();
  runtime.injectError('runSandbox', new RuntimeError('failed', 'no more addresses'));
  await createPod('web', {});
  await until('web', (now) => now?.status?.phase === 'Running');
  expect(events()).toContainEqual({
    reason: 'FailedCreatePodSandBox',
    message: 'Failed to create pod sandbox: no more addresses',
    about: 'web',
  });
});

test('liveness, startup and readiness act together', async () => {
  let status = 503;
  const transport = { ...createHollowTransport(), http: async () => ({ status, body: '' }) };
  const { createPod, until, pod, events, clock } = await bed({ transport });
  const probe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 5 };
  await createPod('web', {
    containers: [
      container('main', {
        startupProbe: probe,
        livenessProbe: { ...probe, failureThreshold: 2 },
        readinessProbe: probe,
      }),
    ],
  });
  await until('web', (now) => now?.status?.phase === 'Running');
  await clock.advance(3_000);
  expect((await pod('web'))?.status?.containerStatuses?.[0]).toMatchObject({
    started: false,
    ready: false,
    restartCount: 0,
  });
  status = 200;
  await until('web', (now) => now?.status?.containerStatuses?.[0]?.ready === true);
  status = 500;
  await until('web', (now) => now?.status?.containerStatuses?.[0]?.restartCount === 1);
  const messages = events().map(({ message }) => message);
  expect(messages).toContain('Startup probe failed: HTTP probe failed with statuscode: 503');
  expect(messages).toContain('Liveness probe failed: HTTP probe failed with statuscode: 500');
  expect(messages).toContain('Container main failed liveness probe, will be restarted');
});

test('a postStart hook that fails ends its container', async () => {
  const { createPod, until, runtime, events } = await bed();
  runtime.setExec(() => ({ exitCode: 1, stdout: Buffer.from('no'), stderr: Buffer.alloc(0) }));
  await createPod('web', {
    containers: [container('main', { lifecycle: { postStart: { exec: { command: ['hook'] } } } })],
  });
  await until('web', (now) => now?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'PostStartHookError');
  expect(events().some(({ reason }) => reason === 'FailedPostStartHook')).toBe(true);
  runtime.setExec(undefined);
  await until('web', (now) => now?.status?.containerStatuses?.[0]?.started === true);
});

test('a sleeping preStop hook is waited for, within the grace period', async () => {
  const { createPod, until, client, clock } = await bed();
  await createPod('web', {
    terminationGracePeriodSeconds: 20,
    containers: [container('main', { lifecycle: { preStop: { sleep: { seconds: 7 } } } })],
  });
  await until('web', (now) => now?.status?.phase === 'Running');
  const startedMs = clock.now();
  await client.delete(pods, { namespace: 'default', name: 'web' });
  await until('web', (now) => now === undefined);
  expect(clock.now() - startedMs).toBeGreaterThanOrEqual(7_000);
  expect(clock.now() - startedMs).toBeLessThan(8_000);
});

test('finalizers of others keep the object, not the containers', async () => {
  const { createPod, until, client, runtime, clock, pod } = await bed();
  await createPod('web', {}, { finalizers: ['example.com/keep'] });
  await until('web', (now) => now?.status?.phase === 'Running');
  await client.delete(pods, { namespace: 'default', name: 'web' });
  await clock.advance(10_000);
  expect(await runtime.listSandboxes()).toEqual([]);
  const left = await pod('web');
  expect(left?.status?.phase).toBe('Failed');
  if (left) await client.update(pods, { ...left, metadata: { ...left.metadata, finalizers: [] } });
  await until('web', (now) => now === undefined);
});

test('many pods start side by side, eight sandboxes at a time', async () => {
  const { createPod, until, clock, runtime } = await bed();
  const startedMs = clock.now();
  const names = Array.from({ length: 40 }, (_, index) => `web-${index}`);
  for (const name of names) await createPod(name, {});
  for (const name of names) await until(name, (now) => now?.status?.phase === 'Running');
  expect(clock.now() - startedMs).toBeLessThan(600);
  const begun = runtime.calls.filter(({ method }) => method === 'runSandbox').map(({ atMs }) => atMs);
  expect(begun.filter((atMs) => atMs === begun[0])).toHaveLength(8);
});
