import fc from 'fast-check';
import { expect, test } from 'vitest';
import { events, nodes, pods } from '#api/kinds.ts';
import { forbidden } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { type InterceptedCall, interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { fits, plan } from './plan.ts';
import { planPreemption } from './preemption.ts';
import { createScheduler } from './scheduler.ts';
import { clusterOf, nodeObject, type PodShape, podInfo, podObject } from './testing.ts';

const random = createSeededRandom(4);
const cpu = (amount: number) => ({ cpu: String(amount) });

test('only pods of lower priority are victims, as few as will do, and the state is left as it was', () => {
  const shape = fc.record({
    priority: fc.integer({ min: 0, max: 5 }),
    nodeName: fc.constantFrom('a', 'b', 'c'),
    requests: fc.integer({ min: 0, max: 3 }).map(cpu),
  });
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 15 }), shape, (placed, wanted) => {
      const state = clusterOf(
        ['a', 'b', 'c'].map((name) => nodeObject(name)),
        placed.map((one, i) => podInfo(`p${i}`, one)),
      );
      const { nodeName: _, ...rest } = wanted;
      const pod = podInfo('new', rest);
      const before = state.snapshot.nodes.map((node) => [node.requested.cpu, [...node.pods.keys()].sort()]);
      const decision = plan(state.snapshot, pod, { random });
      if (decision.kind === 'node') return;
      const preemption = planPreemption(state, pod, decision.refusals);
      expect(state.snapshot.nodes.map((node) => [node.requested.cpu, [...node.pods.keys()].sort()])).toEqual(before);
      if (!preemption) return;
      const node = state.snapshot.nodes.find(({ name }) => name === preemption.node);
      if (!node) throw new Error('no such node');
      for (const victim of preemption.victims) {
        expect(victim.priority).toBeLessThan(pod.priority);
        state.remove(victim.uid);
      }
      expect(fits(state.snapshot, pod, node)).toBe(true);
      for (const victim of preemption.victims) {
        state.place(victim, node.name);
        expect(fits(state.snapshot, pod, node)).toBe(false);
        state.remove(victim.uid);
      }
    }),
    { numRuns: 200 },
  );
});

test('the node where it hurts least is chosen', () => {
  const on = (nodeName: string, priority: number, name = `${nodeName}-${priority}`): ReturnType<typeof podInfo> =>
    podInfo(name, { nodeName, priority, requests: cpu(2) });
  const state = clusterOf(
    ['a', 'b', 'c'].map((name) => nodeObject(name)),
    [on('a', 5), on('a', 9), on('b', 3), on('b', 3, 'b-other'), on('c', 3), on('c', 20)],
  );
  const pod = podInfo('new', { priority: 10, requests: cpu(2) });
  const decision = plan(state.snapshot, pod, { random });
  if (decision.kind === 'node') throw new Error('there is no room');
  const chosen = planPreemption(state, pod, decision.refusals);
  expect(chosen?.victims.map((victim) => victim.priority)).toEqual([3]);
  const never = podInfo('never', { priority: 10, requests: cpu(2), preemptionPolicy: 'Never' });
  expect(planPreemption(state, never, decision.refusals)).toBeUndefined();
});

/** One node of 4 cores. Deleted pods with a finalizer stay, terminating, until `finish`. */
async function setUp(before: (call: InterceptedCall) => void = () => {}) {
  const clock = createVirtualClock();
  const log = createSilentLog();
  const server = createMemoryClient({ clock, random });
  const client = interceptClient(server, before);
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = createEventRecorder({ client: server, clock, random, component: 'default-scheduler' });
  const scheduler = createScheduler({ client, informers, clock, random, log, recorder });
  const { status, ...node } = nodeObject('a');
  await server.create(nodes, node);
  await server.updateStatus(nodes, { ...node, ...(status && { status }) });
  const add = async (name: string, shape: PodShape) => {
    const pod = podObject(name, shape);
    await server.create(pods, { ...pod, metadata: { ...pod.metadata, finalizers: ['test/grace'] } });
    await clock.advance(100);
  };
  const pod = (name: string) => server.get(pods, { namespace: 'default', name });
  const finish = async (name: string) => {
    await server.patch(
      pods,
      { namespace: 'default', name },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    );
    await clock.advance(100);
  };
  const stop = new AbortController();
  informers.start(stop.signal);
  const running = scheduler.run(stop.signal);
  await clock.advance(100);
  const end = async () => {
    stop.abort();
    await clock.advance(0);
    await running;
  };
  const told = async () => {
    await recorder.flush();
    return (await server.list(events)).items.map(
      (event) => `${event.involvedObject.name} ${event.reason}: ${event.message}`,
    );
  };
  return { clock, server, add, pod, finish, end, told };
}

test('a pod of higher priority takes the place of a lower one, waits for it to end, and nobody slips in between', async () => {
  const { clock, add, pod, finish, end, told } = await setUp();
  await add('low', { priority: 1, requests: cpu(3) });
  await add('high', { priority: 10, requests: cpu(3) });
  const low = await pod('low');
  expect(low.metadata.deletionTimestamp).toBeDefined();
  expect(low.status?.conditions).toMatchObject([{ type: 'DisruptionTarget', reason: 'PreemptionByScheduler' }]);
  const high = await pod('high');
  expect([high.spec?.nodeName, high.status?.nominatedNodeName]).toEqual([undefined, 'a']);
  const refused = '0/1 nodes are available: 1 Insufficient cpu.';
  expect(await told()).toEqual(
    expect.arrayContaining([
      `high FailedScheduling: ${refused}`,
      `low Preempted: Preempted by pod ${high.metadata.uid} on node a`,
    ]),
  );
  await add('sneaky', { priority: 5, requests: cpu(2) });
  await clock.advance(400_000);
  expect((await pod('high')).status?.conditions?.[0]?.message).toBe(
    `${refused} preemption: not eligible due to a terminating pod on the nominated node.`,
  );
  await finish('low');
  expect((await pod('high')).spec?.nodeName).toBe('a');
  await clock.advance(60_000);
  expect((await pod('sneaky')).spec?.nodeName).toBeUndefined();
  await end();
});

test('equal priorities live in peace', async () => {
  const { clock, add, pod, end } = await setUp();
  await add('first', { priority: 10, requests: cpu(3) });
  await add('second', { priority: 10, requests: cpu(3) });
  await clock.advance(60_000);
  expect((await pod('first')).metadata.deletionTimestamp).toBeUndefined();
  expect((await pod('second')).status?.conditions?.[0]?.message).toContain(
    'No preemption victims found for incoming pod',
  );
  await end();
});

test('a reservation ends with the pod that has it', async () => {
  const { clock, server, add, pod, finish, end } = await setUp();
  await add('low', { priority: 1, requests: cpu(3) });
  await add('high', { priority: 10, requests: cpu(3) });
  await add('next', { priority: 0, requests: cpu(3) });
  await server.delete(pods, { namespace: 'default', name: 'high' });
  await finish('high');
  await finish('low');
  await clock.advance(20_000);
  expect((await pod('next')).spec?.nodeName).toBe('a');
  await end();
});

test('a still higher pod takes over the reservation, and a victim that may not be deleted is left in peace', async () => {
  let refuse = false;
  const { clock, add, pod, finish, end } = await setUp(({ verb, name }) => {
    if (refuse && verb === 'delete') throw forbidden(pods, name ?? '', 'not allowed');
  });
  await add('low', { priority: 1, requests: cpu(3) });
  await add('high', { priority: 10, requests: cpu(3) });
  await add('highest', { priority: 20, requests: cpu(3) });
  await finish('low');
  await clock.advance(20_000);
  expect((await pod('highest')).spec?.nodeName).toBe('a');
  expect((await pod('high')).spec?.nodeName).toBeUndefined();
  expect((await pod('high')).metadata.deletionTimestamp).toBeUndefined();
  refuse = true;
  await add('top', { priority: 30, requests: cpu(3) });
  await clock.advance(60_000);
  expect((await pod('highest')).metadata.deletionTimestamp).toBeUndefined();
  refuse = false;
  await clock.advance(300_000);
  expect((await pod('highest')).metadata.deletionTimestamp).toBeDefined();
  await end();
});
