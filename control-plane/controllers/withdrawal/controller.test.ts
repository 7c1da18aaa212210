import { afterEach, expect, test } from 'vitest';
import type { V1Lease, V1Node, V1Pod } from '#api/generated/types.ts';
import { leases, nodes, pods, services } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createEndpointSlicesController } from '../endpointslices/controller.ts';
import { createWithdrawalController } from './controller.ts';

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

const place = (name: string) => ({ namespace: 'default', name });

/** The two controllers that matter, on a server in memory; pods keep a finalizer in place of a grace period. */
async function setUp() {
  const clock = createVirtualClock();
  const random = createSeededRandom(8);
  const log = createSilentLog();
  const server = createMemoryClient({ clock, random });
  const patches: string[] = [];
  const client = interceptClient(server, (call) => {
    if (call.verb === 'patch') patches.push(call.name ?? '');
  });
  const recorder: EventRecorder = { record: () => undefined, flush: async () => undefined };
  let stop: (() => Promise<void>) | undefined;

  const start = async () => {
    const controller = new AbortController();
    const informers = createInformerFactory(client, { clock, random, log });
    const context = { client, informers, clock, random, log, recorder };
    const running = [createEndpointSlicesController(context), createWithdrawalController(context)].map((one) =>
      one.run(controller.signal),
    );
    informers.start(controller.signal);
    stop = async () => {
      controller.abort();
      await Promise.all(running);
      await informers.stopped();
    };
    await clock.advance(100);
  };
  endings.push(async () => stop?.());

  const acknowledge = async (name: string, applied = server.version) => {
    const key = { namespace: 'kube-node-lease', name };
    const annotations = { 'berth.dev/endpoints-applied': String(applied) };
    const old = await server.get(leases, key).catch(() => undefined);
    const lease: V1Lease = { ...old, metadata: { ...old?.metadata, ...key, annotations } };
    await (old ? server.update(leases, lease) : server.create(leases, lease));
    await clock.advance(10);
  };
  const setReady = async (name: string, status: string) => {
    const node: V1Node = await server.get(nodes, { name });
    await server.updateStatus(nodes, { ...node, status: { conditions: [{ type: 'Ready', status }] } });
    await clock.advance(10);
  };
  const addNode = async (name: string) => {
    await server.create(nodes, { metadata: { name } });
    await setReady(name, 'True');
    await acknowledge(name, 1);
  };
  const addPod = async (name: string, ip: string, status: V1Pod['status'] = {}) => {
    const labels = { app: 'web' };
    const spec = { nodeName: 'node-1', containers: [{ name: 'web' }] };
    const pod = await server.create(pods, { metadata: { ...place(name), labels, finalizers: ['test/grace'] }, spec });
    const conditions = [{ type: 'Ready', status: 'True' }];
    await server.updateStatus(pods, { ...pod, status: { phase: 'Running', podIP: ip, conditions, ...status } });
    await clock.advance(10);
  };
  const remove = async (name: string) => {
    await server.delete(pods, place(name));
    await clock.advance(10);
  };
  const isTold = async (name: string) =>
    (await server.get(pods, place(name))).status?.conditions?.some(
      ({ type, status }) => type === 'berth.dev/EndpointsWithdrawn' && status === 'True',
    ) ?? false;

  await server.create(services, { metadata: place('web'), spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await start();
  return {
    clock,
    server,
    patches,
    start,
    stop: async () => stop?.(),
    acknowledge,
    setReady,
    addNode,
    addPod,
    remove,
    isTold,
  };
}

test('a pod is told once every live node has acknowledged', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, patches } = await setUp();
  await addNode('node-1');
  await addNode('node-2');
  await addPod('a', '10.42.0.2');
  await addPod('b', '10.42.0.3');
  await acknowledge('node-1');
  await acknowledge('node-2');
  await remove('a');
  expect(await isTold('a')).toBe(false);
  await acknowledge('node-1');
  expect(await isTold('a')).toBe(false);
  await acknowledge('node-2');
  expect(await isTold('a')).toBe(true);
  expect(await isTold('b')).toBe(false);
  expect(patches).toEqual(['a']);
});

test('other conditions stay, and the agent may write at the same time', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, server } = await setUp();
  await addNode('node-1');
  await addPod('a', '10.42.0.2');
  await remove('a');
  await acknowledge('node-1');
  expect(await isTold('a')).toBe(true);
  expect((await server.get(pods, place('a'))).status?.conditions?.map(({ type }) => type)).toEqual([
    'Ready',
    'berth.dev/EndpointsWithdrawn',
  ]);
});

test('a node that is not Ready is not waited for, neither is one that goes or does not acknowledge at all', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, setReady, server, clock } = await setUp();
  for (const name of ['node-1', 'dead', 'gone']) await addNode(name);
  await server.create(nodes, { metadata: { name: 'foreign' } });
  await setReady('foreign', 'True');
  await addPod('a', '10.42.0.2');
  await remove('a');
  await acknowledge('node-1');
  expect(await isTold('a')).toBe(false);
  await setReady('dead', 'Unknown');
  expect(await isTold('a')).toBe(false);
  await server.delete(nodes, { name: 'gone' });
  await clock.advance(10);
  expect(await isTold('a')).toBe(true);
});

test('a controller that starts in the middle goes on from what it finds', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, start, stop } = await setUp();
  await addNode('node-1');
  await addPod('a', '10.42.0.2');
  await remove('a');
  await stop();
  await acknowledge('node-1');
  expect(await isTold('a')).toBe(false);
  await start();
  expect(await isTold('a')).toBe(true);
});

test('other pods that come and go in the same slice do not hold it up', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, server } = await setUp();
  await addNode('node-1');
  await addPod('a', '10.42.0.2');
  await remove('a');
  const applied = server.version;
  for (let index = 0; index < 5; index += 1) await addPod(`new-${index}`, `10.42.1.${index}`);
  await acknowledge('node-1', applied);
  expect(await isTold('a')).toBe(true);
});

test('pods of a service that is deleted with them, that have ended, or that nobody serves are not told', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, server, patches } = await setUp();
  await addNode('node-1');
  await addPod('ended', '10.42.0.2', { phase: 'Succeeded' });
  await server.delete(services, place('web'));
  await addPod('alone', '10.42.0.3');
  for (const name of ['ended', 'alone']) await remove(name);
  await acknowledge('node-1');
  for (const name of ['ended', 'alone']) expect(await isTold(name)).toBe(false);
  expect(patches).toEqual([]);
});

test('a pod whose machine goes down asks, and is told like one that is deleted', async () => {
  const { addNode, addPod, isTold, acknowledge, server, clock, patches, setReady } = await setUp();
  await addNode('node-1');
  await addNode('node-2');
  await addPod('a', '10.42.0.2');
  await addPod('b', '10.42.0.3');
  await setReady('node-1', 'False');
  const pod = await server.get(pods, place('a'));
  const asks = { type: 'berth.dev/EndpointsWithdrawn', status: 'False', reason: 'NodeShutdown' };
  const conditions = [{ type: 'Ready', status: 'False' }, asks];
  await server.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
  await clock.advance(10);
  expect(await isTold('a')).toBe(false);
  await acknowledge('node-2');
  expect(await isTold('a')).toBe(true);
  expect(patches).toEqual(['a']);
  const told = (await server.get(pods, place('a'))).status?.conditions?.map(({ type, status }) => `${type} ${status}`);
  expect(told).toEqual(['Ready False', 'berth.dev/EndpointsWithdrawn True']);
});

test('a hundred nodes that acknowledge cost one write', async () => {
  const { addNode, addPod, remove, isTold, acknowledge, patches } = await setUp();
  for (let index = 0; index < 100; index += 1) await addNode(`node-${index}`);
  await addPod('a', '10.42.0.2');
  await remove('a');
  for (let index = 0; index < 100; index += 1) {
    expect(await isTold('a')).toBe(false);
    await acknowledge(`node-${index}`);
  }
  expect(await isTold('a')).toBe(true);
  expect(patches).toEqual(['a']);
});
