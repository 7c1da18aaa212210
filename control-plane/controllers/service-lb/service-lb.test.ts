import { afterEach, describe, expect, test } from 'vitest';
import type { V1Service } from '#api/generated/types.ts';
import { endpointSlices, nodes, services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { node, service as serviceObject } from '../testing/objects.ts';
import { createServiceLbController } from './controller.ts';
import { excludedLabel } from './plan.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function bed() {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  const informers = createInformerFactory(client, { clock, random, log });
  const events: string[] = [];
  const recorder = {
    record: (
      object: { metadata?: { name?: string | undefined } | undefined },
      _type: string,
      reason: string,
      message: string,
    ) => void events.push(`${object.metadata?.name} ${reason}: ${message}`),
    flush: async () => {},
  };
  const context = { client, informers, clock, random, log, recorder };
  const controller = createServiceLbController(context, [{ port: 6443, why: "the cluster's own" }]);
  const ending = new AbortController();
  informers.start(ending.signal);
  const ended = controller.run(ending.signal);
  stops.push(async () => {
    ending.abort();
    await ended;
  });
  const settle = () => clock.advance(5_000);
  const addNode = async (
    name: string,
    addresses: Record<string, string>,
    ready: 'True' | 'False' = 'True',
    labels = {},
  ) => {
    const { uid: _uid, resourceVersion: _version, ...metadata } = node(name, ready, { labels }).metadata;
    const made = await client.create(nodes, { ...node(name, ready), metadata });
    const list = Object.entries(addresses).map(([type, address]) => ({ type, address }));
    await client.updateStatus(nodes, { ...made, status: { ...node(name, ready).status, addresses: list } });
  };
  const add = async (name: string, spec: V1Service['spec']) => {
    const made = serviceObject({ type: 'LoadBalancer', ...spec }, { name });
    await client.create(services, { ...made, metadata: { name, namespace: 'default' } });
    // Ages are told apart by seconds.
    await clock.advance(1_000);
  };
  const get = (name: string): Promise<Stored<V1Service>> => client.get(services, { namespace: 'default', name });
  const ips = async (name: string) => (await get(name)).status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
  return { client, events, settle, addNode, add, get, ips };
}

describe('load balancers', () => {
  test('have the addresses of the nodes that can serve', async () => {
    const { addNode, add, settle, ips, get, events } = bed();
    await addNode('a', { InternalIP: '10.0.0.2', ExternalIP: '192.0.2.9' });
    await addNode('b', { InternalIP: '10.0.0.3' });
    await addNode('c', { InternalIP: '10.0.0.4' }, 'False');
    await addNode('d', { InternalIP: '10.0.0.5' }, 'True', { [excludedLabel]: '' });
    await add('web', {});
    await settle();
    expect(await ips('web')).toEqual(['10.0.0.3', '192.0.2.9']);
    expect((await get('web')).status?.loadBalancer?.ingress?.[0]).toEqual({ ip: '10.0.0.3', ipMode: 'VIP' });
    expect(events).toEqual(['web EnsuredLoadBalancer: Ensured load balancer']);
  });

  test('follow the nodes', async () => {
    const { client, addNode, add, settle, ips, events } = bed();
    await addNode('a', { InternalIP: '10.0.0.2' });
    await add('web', {});
    await settle();
    const made = await client.get(nodes, { name: 'a' });
    await client.updateStatus(nodes, {
      ...made,
      status: { ...made.status, conditions: [{ type: 'Ready', status: 'Unknown' }] },
    });
    await settle();
    expect(await ips('web')).toEqual([]);
    expect(events.at(-1)).toMatch(/UnAvailableLoadBalancer: .*no node is ready/);
    await addNode('b', { InternalIP: '10.0.0.3' });
    await settle();
    expect(await ips('web')).toEqual(['10.0.0.3']);
  });

  test('of the policy Local are on nodes with ready endpoints only', async () => {
    const { client, addNode, add, settle, ips } = bed();
    await addNode('a', { InternalIP: '10.0.0.2' });
    await addNode('b', { InternalIP: '10.0.0.3' });
    await add('web', { externalTrafficPolicy: 'Local' });
    const slice = await client.create(endpointSlices, {
      metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.42.0.2'], nodeName: 'a', conditions: { ready: false } },
        { addresses: ['10.42.1.2'], nodeName: 'b' },
      ],
    });
    await settle();
    expect(await ips('web')).toEqual(['10.0.0.3']);
    await client.update(endpointSlices, { ...slice, endpoints: [{ addresses: ['10.42.0.2'], nodeName: 'a' }] });
    await settle();
    expect(await ips('web')).toEqual(['10.0.0.2']);
  });

  test('share no port: the oldest has it, and its heir when it goes', async () => {
    const { client, addNode, add, settle, ips, events } = bed();
    await addNode('a', { InternalIP: '10.0.0.2' });
    await add('one', {});
    await add('two', { ports: [{ port: 443 }, { port: 80 }] });
    await add('udp', { ports: [{ port: 80, protocol: 'UDP' }] });
    await settle();
    expect([await ips('one'), await ips('two'), await ips('udp')]).toEqual([['10.0.0.2'], [], ['10.0.0.2']]);
    expect(events.filter((text) => text.startsWith('two'))).toEqual([
      'two PortConflict: Port 80/TCP of the nodes is taken by the load balancer of service default/one; use another port, or delete that one.',
    ]);
    await client.delete(services, { namespace: 'default', name: 'one' });
    await settle();
    expect(await ips('two')).toEqual(['10.0.0.2']);
  });

  test('leave the cluster’s own ports alone', async () => {
    const { addNode, add, settle, ips, events } = bed();
    await addNode('a', { InternalIP: '10.0.0.2' });
    await add('api', { ports: [{ port: 6443 }] });
    await settle();
    expect(await ips('api')).toEqual([]);
    expect(events).toEqual(["api PortReserved: Port 6443/TCP of the nodes is the cluster's own; use another port."]);
  });

  test('of another class are left alone, and those that are none any more lose their addresses', async () => {
    const { client, addNode, add, settle, ips, get } = bed();
    await addNode('a', { InternalIP: '10.0.0.2' });
    await add('other', { loadBalancerClass: 'example.com/lb' });
    await add('web', { ports: [{ port: 81 }] });
    await settle();
    expect(await ips('other')).toEqual([]);
    const web = await get('web');
    await client.update(services, { ...web, spec: { ...web.spec, type: 'ClusterIP' } });
    await settle();
    expect(await ips('web')).toEqual([]);
  });
});
