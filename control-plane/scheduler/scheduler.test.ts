import { expect, test } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { events, nodes, pods } from '#api/kinds.ts';
import { conflict, serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { type InterceptedCall, interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createScheduler } from './scheduler.ts';
import { type NodeShape, nodeObject, type PodShape, podObject } from './testing.ts';

async function setUp(before: (call: InterceptedCall) => void | Promise<void> = () => {}, seed = 1) {
  const clock = createVirtualClock();
  const random = createSeededRandom(seed);
  const log = createSilentLog();
  const server = createMemoryClient({ clock, random: createSeededRandom(99) });
  const client = interceptClient(server, before);
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = createEventRecorder({ client: server, clock, random, component: 'default-scheduler' });
  const scheduler = createScheduler({ client, informers, clock, random, log, recorder });
  const stop = new AbortController();

  const addNode = async (name: string, shape?: NodeShape) => {
    const { status, ...node } = nodeObject(name, shape);
    await server.create(nodes, node);
    await server.updateStatus(nodes, { ...node, ...(status && { status }) });
  };
  const addPod = (name: string, shape?: PodShape) => server.create(pods, podObject(name, shape));
  const where = async () =>
    Object.fromEntries((await server.list(pods)).items.map((pod) => [pod.metadata.name, pod.spec?.nodeName ?? null]));
  const setStatus = async (name: string, status: V1Pod['status']) => {
    const pod = await server.get(pods, { namespace: 'default', name });
    await server.updateStatus(pods, { ...pod, ...(status && { status }) });
  };
  const condition = async (name: string) =>
    (await server.get(pods, { namespace: 'default', name })).status?.conditions?.find(
      (one) => one.type === 'PodScheduled',
    );
  const told = async () => {
    await recorder.flush();
    return (await server.list(events)).items.map((event) => `${event.reason}: ${event.message}`);
  };
  const start = async () => {
    informers.start(stop.signal);
    const running = scheduler.run(stop.signal);
    await clock.advance(100);
    return async () => {
      stop.abort(new Error('stop'));
      await clock.advance(0);
      await running;
      await informers.stopped();
      expect(clock.pendingTimers).toBe(0);
    };
  };
  return { clock, server, addNode, addPod, where, setStatus, condition, told, start };
}

test('pods are bound to nodes, evenly, and say so in an event', async () => {
  const { addNode, addPod, where, told, start } = await setUp();
  for (const name of ['a', 'b']) await addNode(name);
  for (let i = 0; i < 4; i++) await addPod(`p${i}`, { owner: 'rs', requests: { cpu: '1' } });
  const stop = await start();
  expect(Object.values(await where()).sort()).toEqual(['a', 'a', 'b', 'b']);
  expect(await told()).toContain(`Scheduled: Successfully assigned default/p0 to ${(await where()).p0}`);
  await stop();
});

test('a pod that fits nowhere says why, and is placed as soon as there is room', async () => {
  const { clock, server, addNode, addPod, where, condition, told, start } = await setUp();
  await addNode('a');
  await addPod('first', { requests: { cpu: '3' } });
  const stop = await start();
  await addPod('second', { requests: { cpu: '3' } });
  await clock.advance(100);
  const message =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';
  expect(await condition('second')).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
  expect(await told()).toContain(`FailedScheduling: ${message}`);
  await clock.advance(60_000);
  expect((await where()).second).toBeNull();
  await server.delete(pods, { namespace: 'default', name: 'first' });
  await clock.advance(100);
  expect((await where()).second).toBe('a');
  await stop();
});

test('only events that matter wake a pod; five minutes pass otherwise', async () => {
  let decisions = 0;
  const { clock, server, addNode, addPod, told, start, where } = await setUp();
  await addNode('a', { labels: { disk: 'hdd' } });
  await addPod('picky', { nodeSelector: { disk: 'ssd' } });
  const stop = await start();
  const attempts = async () => {
    await told();
    return (await server.list(events)).items.reduce((sum, event) => sum + (event.count ?? 0), 0);
  };
  expect(await attempts()).toBe(1);
  await addPod('other', { requests: { cpu: '1' } });
  await clock.advance(20_000);
  await server.delete(pods, { namespace: 'default', name: 'other' });
  await clock.advance(20_000);
  decisions = await attempts();
  expect(decisions).toBe(2);
  await clock.advance(300_000);
  expect(await attempts()).toBe(3);
  await server.patch(nodes, { name: 'a' }, { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } });
  await clock.advance(100);
  expect((await where()).picky).toBe('a');
  await stop();
});

test('pods of other schedulers, with gates, with a node, finished or terminating are left alone', async () => {
  const { clock, server, addNode, addPod, where, setStatus, start } = await setUp();
  await addNode('a');
  await addPod('foreign', { schedulerName: 'mine' });
  await addPod('gated', { schedulingGates: [{ name: 'example.com/wait' }] });
  await addPod('failed');
  await setStatus('failed', { phase: 'Failed' });
  await server.create(pods, {
    ...podObject('leaving'),
    metadata: { namespace: 'default', name: 'leaving', finalizers: ['x'] },
  });
  await server.delete(pods, { namespace: 'default', name: 'leaving' });
  const stop = await start();
  expect(await where()).toEqual({ foreign: null, gated: null, failed: null, leaving: null });
  const gated = await server.get(pods, { namespace: 'default', name: 'gated' });
  await server.update(pods, { ...gated, spec: { containers: [], schedulingGates: [] } });
  await clock.advance(100);
  expect((await where()).gated).toBe('a');
  await stop();
});

test('higher priority goes first, then age', async () => {
  const { addNode, addPod, where, start } = await setUp();
  await addNode('a', { allocatable: { pods: '2' } });
  await addPod('old');
  await addPod('older', { priority: -1 });
  await addPod('important', { priority: 1000 });
  const stop = await start();
  expect(await where()).toEqual({ important: 'a', old: 'a', older: null });
  await stop();
});

test('finished pods free their node', async () => {
  const { clock, addNode, addPod, where, setStatus, start } = await setUp();
  await addNode('a', { allocatable: { pods: '1' } });
  await addPod('job');
  const stop = await start();
  await addPod('next');
  await clock.advance(2_000);
  expect((await where()).next).toBeNull();
  await setStatus('job', { phase: 'Succeeded' });
  await clock.advance(100);
  expect((await where()).next).toBe('a');
  await stop();
});

test('a binding that fails is taken back and tried again; its room is free meanwhile', async () => {
  let failures = 2;
  const { clock, addNode, addPod, where, start } = await setUp(({ verb, name }) => {
    if (verb !== 'createSubresource' || name !== 'unlucky' || failures-- <= 0) return;
    throw failures === 1 ? serviceUnavailable('down') : conflict(pods, 'unlucky', 'somebody was faster');
  });
  await addNode('a', { allocatable: { pods: '1' } });
  await addPod('unlucky');
  const stop = await start();
  expect((await where()).unlucky).toBeNull();
  await clock.advance(10_000);
  expect((await where()).unlucky).toBe('a');
  await stop();
});

test('a pod counts on its node from the decision on, however long the binding takes', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { clock, addNode, addPod, where, start } = await setUp(({ verb }) =>
    verb === 'createSubresource' ? held : undefined,
  );
  for (const name of ['a', 'b']) await addNode(name, { allocatable: { cpu: '1' } });
  for (let i = 0; i < 4; i++) await addPod(`p${i}`, { requests: { cpu: '1' } });
  const stop = await start();
  await clock.advance(5_000);
  release();
  await clock.advance(5_000);
  expect(
    Object.values(await where())
      .filter(Boolean)
      .sort(),
  ).toEqual(['a', 'b']);
  await stop();
});

test('pods that are deleted while they wait or are being bound are dropped', async () => {
  let hold = true;
  const { clock, server, addNode, addPod, where, start } = await setUp(async ({ verb }) => {
    while (hold && verb === 'createSubresource') await clock.sleep(10);
  });
  await addPod('waiting');
  await addPod('bound');
  const stop = await start();
  await server.delete(pods, { namespace: 'default', name: 'waiting' });
  await addNode('a', { allocatable: { pods: '1' } });
  await clock.advance(2_000);
  await server.delete(pods, { namespace: 'default', name: 'bound' });
  hold = false;
  await clock.advance(2_000);
  await addPod('last');
  await clock.advance(2_000);
  expect(await where()).toEqual({ last: 'a' });
  await stop();
});

test('a second run starts from what is there', async () => {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = createEventRecorder({ client, clock, random, component: 'default-scheduler' });
  const scheduler = createScheduler({ client, informers, clock, random, log, recorder });
  informers.start(new AbortController().signal);
  const { status, ...node } = nodeObject('a', { allocatable: { pods: '2' } });
  await client.create(nodes, node);
  await client.updateStatus(nodes, { ...node, ...(status && { status }) });
  for (const name of ['one', 'two', 'three']) {
    await client.create(pods, podObject(name));
    const stop = new AbortController();
    const running = scheduler.run(stop.signal);
    await clock.advance(100);
    stop.abort();
    await clock.advance(0);
    await running;
  }
  const placed = (await client.list(pods)).items.map((pod) => pod.spec?.nodeName ?? null);
  expect(placed.filter(Boolean)).toHaveLength(2);
});

test('with faults in half of the calls everything is placed in the end, within capacity, and a seed replays it', async () => {
  const run = async (seed: number) => {
    const faults = createSeededRandom(seed);
    const { clock, addNode, addPod, where, start } = await setUp(({ verb }) => {
      if (verb !== 'list' && verb !== 'watch' && faults.next() < 0.5) throw serviceUnavailable('fault');
    }, seed);
    for (let i = 0; i < 5; i++) await addNode(`n${i}`, { allocatable: { cpu: '4' } });
    const stop = await start();
    for (let i = 0; i < 20; i++) await addPod(`p${i}`, { owner: 'rs', requests: { cpu: '1' } });
    await clock.advance(600_000);
    const placed = await where();
    await stop();
    return placed;
  };
  for (const seed of [1, 2, 3]) {
    const placed = await run(seed);
    const perNode = new Map<string | null, number>();
    for (const node of Object.values(placed)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
    expect([...perNode.values()]).toEqual([4, 4, 4, 4, 4]);
    expect(await run(seed)).toEqual(placed);
  }
});
