import { afterEach, describe, expect, it } from 'vitest';
import type { V1Endpoint, V1Service } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import type { RuleChanges } from '../network/node-rules.ts';
import { createHealthChecks } from './health-checks.ts';
import { createServiceProxy } from './proxy.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A proxy over rules that take as long as the test says. */
async function bed() {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  const informers = createInformerFactory(client, { clock, random, log });
  const writes: { changes: RuleChanges; done: () => void }[] = [];
  const commands: string[] = [];
  const told: string[] = [];
  const healthChecks = createHealthChecks({ clock, log, host: '127.0.0.1' });
  const proxy = createServiceProxy({
    informers,
    rules: { set: (changes) => new Promise((resolve) => writes.push({ changes, done: resolve })) },
    nodeName: 'here',
    log,
    recorder: {
      record: (_object, _type, reason, message) => void told.push(`${reason}: ${message}`),
      flush: async () => {},
    },
    healthChecks,
    run: async (command, args) => {
      commands.push([command, ...args].join(' '));
      return '';
    },
  });
  const ending = new AbortController();
  const ended = proxy.run(ending.signal);
  informers.start(ending.signal);
  stops.push(async () => {
    for (const { done } of writes) done();
    ending.abort();
    await ended;
  });
  const settle = () => clock.advance(100);
  await settle();
  const key = { namespace: 'd', name: 'web' };
  const addService = (spec: V1Service['spec'] = {}) =>
    client.create(services, {
      metadata: key,
      spec: { clusterIP: '10.43.0.5', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
    });
  const putSlice = async (name: string, endpoints: readonly V1Endpoint[]): Promise<bigint> => {
    const object = {
      metadata: { name, namespace: 'd', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP' }],
      endpoints: [...endpoints],
    };
    const there = await client.get(endpointSlices, { namespace: 'd', name }).catch(() => undefined);
    const { metadata } = await (there ? client.update(endpointSlices, object) : client.create(endpointSlices, object));
    return BigInt(metadata.resourceVersion);
  };
  /** Ends the write that is under way. */
  const finishOne = async () => {
    writes.at(-1)?.done();
    await settle();
  };
  /** Ends this one and those that follow from it. */
  const finish = async () => {
    for (let known = -1; known < writes.length; ) {
      known = writes.length;
      await finishOne();
    }
  };
  return { client, proxy, writes, commands, told, settle, addService, putSlice, finish, finishOne };
}

const a: V1Endpoint = { addresses: ['10.42.0.2'], nodeName: 'here' };
const b: V1Endpoint = { addresses: ['10.42.0.3'], nodeName: 'there' };

describe('how far the proxy is', () => {
  it('is told only after the kernel has it, and counts what came meanwhile to the next time', async () => {
    const { proxy, writes, settle, addService, putSlice, finish, finishOne } = await bed();
    await finish();
    await addService();
    const first = await putSlice('one', [a]);
    await settle();
    const written = writes.length;
    const told: bigint[] = [];
    proxy.onApplied((applied) => told.push(applied));
    expect(proxy.applied()).toBeLessThan(first);
    const second = await putSlice('one', [b]);
    const third = await putSlice('two', [a]);
    await settle();
    // One at a time: what came since waits.
    expect(writes).toHaveLength(written);
    await finishOne();
    expect(proxy.applied()).toBeLessThan(second);
    expect(writes).toHaveLength(written + 1);
    await finishOne();
    expect(proxy.applied()).toBe(third);
    expect(told.at(-1)).toBe(third);
    expect(told).toEqual([...told].sort((x, y) => Number(x - y)));
  });

  it('goes on with slices that change nothing here, without a write', async () => {
    const { client, proxy, writes, settle, addService, putSlice, finish } = await bed();
    await finish();
    await addService();
    await putSlice('one', [a]);
    await settle();
    await finish();
    const before = writes.length;
    const same = await putSlice('one', [{ ...a, hostname: 'x' }]);
    await settle();
    expect(proxy.applied()).toBe(same);
    await addService({}).catch(() => undefined);
    const { version } = client;
    client.bookmark();
    await settle();
    expect(proxy.applied()).toBe(BigInt(version));
    expect(writes).toHaveLength(before);
  });

  it('counts slices that were deleted', async () => {
    const { client, proxy, writes, settle, addService, putSlice, finish } = await bed();
    await finish();
    await addService();
    await putSlice('one', [a]);
    await settle();
    await finish();
    await client.delete(endpointSlices, { namespace: 'd', name: 'one' });
    await settle();
    const deleted = BigInt(client.version);
    expect(proxy.applied()).toBeLessThan(deleted);
    expect([...(writes.at(-1)?.changes.get('service d/web') ?? [])].map(([, value]) => value)).toContain('goto refuse');
    await finish();
    expect(proxy.applied()).toBe(deleted);
  });

  it('says nothing before the first rules are written, which hold everything there is', async () => {
    const { proxy, writes } = await bed();
    expect(proxy.applied()).toBe(0n);
    expect(writes).toHaveLength(1);
    expect([...(writes[0]?.changes.keys() ?? [])]).toEqual(['services']);
  });
});

describe('besides rules', () => {
  it('a service that cannot be served is told of once', async () => {
    const { client, told, settle, addService, finish } = await bed();
    await finish();
    const made = await addService({ clusterIP: 'fd00::5' });
    await settle();
    await client.update(services, { ...made, spec: { ...made.spec, sessionAffinity: 'None' } });
    await settle();
    expect(told).toEqual([expect.stringMatching(/^NotServed: Not served on node here: .*IPv6/)]);
  });

  it('load balancers outside hear how many endpoints are here', async () => {
    const { settle, addService, putSlice, finish, client } = await bed();
    await finish();
    const healthCheckNodePort = 21_391;
    await addService({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort });
    await putSlice('one', [b]);
    await settle();
    await finish();
    const ask = async () => {
      const response = await fetch(`http://127.0.0.1:${healthCheckNodePort}/`);
      return [response.status, await response.json(), response.headers.get('x-load-balancing-endpoint-weight')];
    };
    const service = { namespace: 'd', name: 'web' };
    expect(await ask()).toEqual([503, { service, localEndpoints: 0, serviceProxyHealthy: true }, '0']);
    await putSlice('one', [a, b]);
    await settle();
    await finish();
    expect(await ask()).toEqual([200, { service, localEndpoints: 1, serviceProxyHealthy: true }, '1']);
    await client.delete(services, service);
    await settle();
    await finish();
    await expect(ask()).rejects.toThrow();
  });
});
