import { afterEach, describe, expect, it } from 'vitest';
import type { V1Pod, V1PodSpec } from '#api/generated/types.ts';
import { nodes, pods, services } from '#api/kinds.ts';
import { programAnnotation } from '#node-agent/runtime/hollow/program.ts';
import { container } from '#node-agent/testing/pod-samples.ts';
import { type AgentBed, type AgentBedOptions, createAgentBed, nodeName } from '#test/harness/agent-bed.ts';
import { isCritical } from './shutdown.ts';

const beds: AgentBed[] = [];
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
});

/** A node with an agent; `silence` makes the server unreachable for it. */
async function setUp(options: AgentBedOptions = {}) {
  let silent = false;
  const bed = await createAgentBed({
    ...options,
    wrap: (plain) => ({
      ...plain,
      client: new Proxy(plain.client, {
        get(target, name) {
          if (!silent) return Reflect.get(target, name);
          return () => Promise.reject(new Error('no server'));
        },
      }),
    }),
  });
  beds.push(bed);
  const agent = await bed.startAgent();
  const { clock, client, runtime } = bed;
  const run = async (name: string, spec: Partial<V1PodSpec> = {}, program = '', meta: V1Pod['metadata'] = {}) => {
    await bed.createPod(name, spec, { ...meta, ...(program && { annotations: { [programAnnotation]: program } }) });
    await bed.until(name, (pod) => isReady(pod));
  };
  /** Milliseconds that it took. */
  const shutDown = async (): Promise<number> => {
    const startMs = clock.now();
    let endMs: number | undefined;
    void agent.shutDown().then(() => {
      endMs = clock.now();
    });
    await clock.runUntil(() => endMs !== undefined, 60_000);
    return (endMs ?? Number.NaN) - startMs;
  };
  /** Pod → when its container ended, in the order of their ends. */
  const ends = async (): Promise<string[]> => {
    const found = (await runtime.listContainers()).filter(({ state }) => state === 'exited');
    const statuses = await Promise.all(found.map(({ id }) => runtime.containerStatus(id)));
    return statuses
      .sort((a, b) => a.finishedAtMs - b.finishedAtMs)
      .map(({ labels, exitCode }) => `${labels['io.kubernetes.pod.name']} ${exitCode}`);
  };
  const nodeReady = async () =>
    (await client.get(nodes, { name: nodeName })).status?.conditions?.find(({ type }) => type === 'Ready');
  /** No network of before is there any more. */
  const boot = async (): Promise<void> => {
    const stops = (await runtime.listSandboxes()).map(({ id }) => runtime.stopSandbox(id));
    await clock.advance(5_000);
    await Promise.all(stops);
  };
  return {
    ...bed,
    boot,
    agent,
    run,
    shutDown,
    ends,
    nodeReady,
    silence: () => {
      silent = true;
    },
  };
}

const conditionOf = (pod: V1Pod | undefined, wanted: string) =>
  pod?.status?.conditions?.find(({ type }) => type === wanted);
const isReady = (pod: V1Pod | undefined): boolean => conditionOf(pod, 'Ready')?.status === 'True';
const withdrawn = 'berth.dev/EndpointsWithdrawn';

describe('a machine that goes down', () => {
  it('says so as Kubernetes does, stops its pods, and leaves their objects', async () => {
    const { run, shutDown, nodeReady, ends, pod } = await setUp();
    await run('a');
    await run('b');
    expect(await shutDown()).toBeLessThan(2_000);
    expect(await nodeReady()).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'node is shutting down',
    });
    expect((await ends()).sort()).toEqual(['a 143', 'b 143']);
    for (const name of ['a', 'b']) {
      const found = await pod(name);
      expect(found?.status?.phase).toBe('Running');
      expect(found?.metadata.deletionTimestamp).toBeUndefined();
      expect(isReady(found)).toBe(false);
      expect(found?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143);
    }
  });

  it('starts the same pods again after its boot', async () => {
    const { run, shutDown, startAgent, stopAgent, until, boot, nodeReady } = await setUp();
    await run('a');
    await shutDown();
    await stopAgent();
    await boot();
    await startAgent();
    await until('a', isReady);
    expect(await nodeReady()).toMatchObject({ status: 'True' });
  });

  it('gives each pod its own grace, but no more than there is in all', async () => {
    const { run, shutDown, ends } = await setUp();
    await run('short', { terminationGracePeriodSeconds: 3 }, 'ignore-term');
    await run('long', { terminationGracePeriodSeconds: 300 }, 'ignore-term');
    const tookMs = await shutDown();
    expect(tookMs).toBeGreaterThan(15_000);
    expect(tookMs).toBeLessThanOrEqual(21_100);
    expect((await ends())[0]).toBe('short 137');
  });

  it('stops critical pods last, and has time left for them', async () => {
    const { run, shutDown, ends } = await setUp();
    await run('critical', { priorityClassName: 'system-node-critical' });
    await run('deaf', { terminationGracePeriodSeconds: 300 }, 'ignore-term');
    await run('plain');
    expect(await shutDown()).toBeLessThan(18_000);
    expect(await ends()).toEqual(['plain 143', 'deaf 137', 'critical 143']);
  });

  it('does not wait for long for a server that is away', async () => {
    const { run, shutDown, silence, ends } = await setUp({ settings: { withdrawal: true } });
    await run('a');
    silence();
    expect(await shutDown()).toBeLessThan(4_000);
    expect(await ends()).toEqual(['a 143']);
  });

  it('takes no new pods, and they are not lost', async () => {
    const { run, agent, createPod, clock, runtime, pod } = await setUp();
    await run('deaf', {}, 'ignore-term');
    const down = agent.shutDown();
    await clock.advance(2_000);
    await createPod('late', {});
    await clock.advance(30_000);
    await down;
    expect((await runtime.listContainers()).map(({ labels }) => labels['io.kubernetes.pod.name'])).toEqual(['deaf']);
    expect((await pod('late'))?.status?.phase).toBe('Pending');
  });

  it('does not start again what ends by itself meanwhile', async () => {
    const { run, agent, clock, runtime } = await setUp();
    await run('deaf', {}, 'ignore-term');
    await run('brief', { priorityClassName: 'system-cluster-critical' }, 'run=5 exit=1');
    void agent.shutDown();
    await clock.advance(12_000);
    const brief = (await runtime.listContainers()).filter(({ labels }) => labels['io.kubernetes.pod.name'] === 'brief');
    expect(brief.map(({ attempt, state }) => [attempt, state])).toEqual([[0, 'exited']]);
  });

  it('fails pods that nobody would start again, in the words of Kubernetes', async () => {
    const { run, shutDown, pod } = await setUp();
    await run('once', { restartPolicy: 'Never' });
    await run('job', { restartPolicy: 'OnFailure' });
    await shutDown();
    for (const name of ['once', 'job'])
      expect((await pod(name))?.status).toMatchObject({
        phase: 'Failed',
        reason: 'Terminated',
        message: 'Pod was terminated in response to imminent node shutdown.',
      });
  });

  it('goes on with pods that are deleted, and hurries them', async () => {
    const { run, shutDown, client, clock, pod } = await setUp();
    await run('going', { terminationGracePeriodSeconds: 300 }, 'ignore-term');
    await client.delete(pods, { namespace: 'default', name: 'going' });
    await clock.advance(1_000);
    expect(await shutDown()).toBeLessThanOrEqual(21_100);
    await clock.advance(2_000);
    expect(await pod('going')).toBeUndefined();
  });

  it('ends when nothing runs', async () => {
    const { shutDown } = await setUp();
    expect(await shutDown()).toBeLessThan(500);
  });
});

describe('the endpoints of a machine that goes down', () => {
  const served = async (answers: boolean) => {
    const all = await setUp({ settings: { withdrawal: true } });
    const { client, clock, pod, agent, ends, run } = all;
    await client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    await clock.advance(100);
    await run('web', { containers: [container('main')] }, '', { labels: { app: 'web' } });
    const startMs = clock.now();
    void agent.shutDown();
    await all.until('web', (found) => conditionOf(found, withdrawn)?.status === 'False');
    const asked = await pod('web');
    expect([isReady(asked), await ends()]).toEqual([false, []]);
    if (answers) {
      await clock.advance(300);
      expect(await ends()).toEqual([]);
      const body = { status: { conditions: [{ type: withdrawn, status: 'True', reason: 'Acknowledged' }] } };
      await client.patch(
        pods,
        { namespace: 'default', name: 'web' },
        { type: 'strategic', body },
        { subresource: 'status' },
      );
    }
    await clock.runUntil(() => all.events().some(({ reason }) => reason === 'Killing'), 30_000);
    return { ...all, tookMs: clock.now() - startMs };
  };

  it('are withdrawn before the pod is stopped', async () => {
    const { tookMs } = await served(true);
    expect(tookMs).toBeGreaterThan(800);
    expect(tookMs).toBeLessThan(1_500);
  });

  it('are not waited for without end', async () => {
    const { tookMs } = await served(false);
    expect(tookMs).toBeGreaterThan(5_000);
    expect(tookMs).toBeLessThan(10_000);
  });

  it('are no longer withdrawn once the pod runs again', async () => {
    const { clock, stopAgent, startAgent, until, boot } = await served(true);
    await clock.advance(5_000);
    await stopAgent();
    await boot();
    await startAgent();
    await until('web', isReady);
    await until('web', (pod) => conditionOf(pod, withdrawn) === undefined);
  });
});

it('knows what is critical', () => {
  const of = (spec: Partial<V1PodSpec>): boolean => isCritical({ spec: { containers: [], ...spec } });
  expect(of({ priority: 2_000_000_000 })).toBe(true);
  expect(of({ priorityClassName: 'system-cluster-critical' })).toBe(true);
  expect(of({ priority: 1_000_000_000, priorityClassName: 'high' })).toBe(false);
  expect(of({})).toBe(false);
});
