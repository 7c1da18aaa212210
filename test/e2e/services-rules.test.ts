import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { V1Endpoint, V1EndpointSlice, V1Service, V1ServiceSpec } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createMemoryClient, type MemoryClient } from '#client/testing/memory-client.ts';
import { hostPortOwner } from '#node-agent/network/host-port-sync.ts';
import { hostPortElements, podAddressesOf } from '#node-agent/network/host-ports.ts';
import { createNodeRules, type NodeRules } from '#node-agent/network/node-rules.ts';
import { createServiceProxy, type ServiceProxy, servicesOwner } from '#node-agent/services/proxy.ts';
import { eventually } from '../harness/eventually.ts';
import { addresses, answerPort, bedNetwork, type PacketBed, startPacketBed } from '../harness/packets/bed.ts';

const clock = createRealClock();
const random = createRealRandom();
const namespace = 'default';

let bed: PacketBed;
let client: MemoryClient;
let rules: NodeRules;
let proxy: ServiceProxy;
let running: AbortController;
let ended: Promise<unknown>;
const repairs: string[] = [];

function startNode(): void {
  running = new AbortController();
  const log = createSilentLog();
  const informers = createInformerFactory(client, { clock, random, log });
  const run = bed.onNode;
  const base = { ...bedNetwork, table: 'berth' };
  rules = createNodeRules({
    ...base,
    awaited: [servicesOwner, hostPortOwner],
    clock,
    log,
    run,
    onRepair: (why) => repairs.push(why),
  });
  proxy = createServiceProxy({ informers, rules, nodeName: 'here', log, run });
  rules.setBase({ podCidr: bedNetwork.podCidr, gateway: addresses.gateway, tunnel: undefined });
  informers.start(running.signal);
  ended = Promise.all([rules.run(running.signal), proxy.run(running.signal)]);
  const pods = podAddressesOf([{ status: { podIP: addresses.a } }, { status: { podIP: addresses.b } }]);
  rules.set(new Map([[hostPortOwner, hostPortElements([], pods)]])).catch(() => undefined);
}

async function stopNode(): Promise<void> {
  running.abort();
  await ended;
}

/** Writes and waits until the kernel has it. */
async function settled(work: () => Promise<unknown>): Promise<void> {
  await work();
  const wanted = BigInt(client.version);
  client.bookmark();
  await eventually(() => proxy.applied() >= wanted, { everyMs: 2 });
}

const endpoint = (place: 'a' | 'b' | 'far', conditions: V1Endpoint['conditions'] = {}): V1Endpoint => ({
  addresses: [addresses[place]],
  conditions: { ready: true, ...conditions },
  nodeName: place === 'far' ? 'there' : 'here',
});
const terminating = { ready: false, serving: true, terminating: true };

const ports = [
  { name: 'tcp', port: 80, protocol: 'TCP' },
  { name: 'udp', port: 80, protocol: 'UDP' },
];

async function service(name: string, spec: V1ServiceSpec, status?: V1Service['status']): Promise<void> {
  await client.create(services, { metadata: { name, namespace }, spec: { ports, ...spec } });
  if (status) {
    const made = await client.get(services, { namespace, name });
    await client.updateStatus(services, { ...made, status });
  }
}

async function slice(name: string, of: string, endpoints: V1Endpoint[], port = answerPort): Promise<void> {
  const object: V1EndpointSlice = {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: ports.map((one) => ({ name: one.name, protocol: one.protocol, port })),
    endpoints,
  };
  const known = await client.get(endpointSlices, { namespace, name }).catch(() => undefined);
  if (known) await client.update(endpointSlices, object);
  else await client.create(endpointSlices, object);
}

beforeAll(async () => {
  bed = await startPacketBed();
});
afterAll(async () => bed?.close());
beforeEach(async () => {
  if (running) await stopNode();
  client = createMemoryClient({ clock, random });
  startNode();
});

describe('a cluster address', () => {
  it('leads to all that are ready, from pods, from the node and from a pod that is its own endpoint', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b')]);
      await slice('web-2', 'web', [endpoint('far'), endpoint('a')]);
    });
    const seen = ['a 10.42.3.4', 'b 10.42.3.4', 'far 10.42.3.4'];
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80, 30)).toEqual(seen);
    expect(await bed.askAll('c', 'udp', '10.43.0.5', 80, 30)).toEqual(seen);
    // A pod that reaches itself sees the node; others see the pod.
    expect(await bed.askAll('a', 'tcp', '10.43.0.5', 80, 30)).toEqual(['a 10.42.3.1', 'b 10.42.3.2', 'far 10.42.3.2']);
    // The node has no default route here.
    const fromNode = ['a 10.42.3.1', 'b 10.42.3.1', 'far 10.42.3.1'];
    expect(await bed.askAll('node', 'tcp', '10.43.0.5', 80, 30)).toEqual(fromNode);
    // From outside the cluster, where somebody routes it here, by the node's name.
    expect(await bed.askAll('outside', 'tcp', '10.43.0.5', 80, 30)).toEqual([
      'a 10.42.3.1',
      'b 10.42.3.1',
      'far 10.42.3.1',
    ]);
  });

  it('is refused where nobody is ready, dropped where it is nobody’s', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a', { ready: false })]);
    });
    for (const from of ['c', 'node'] as const) {
      expect(await bed.ask(from, 'tcp', '10.43.0.5', 80)).toEqual(['ECONNREFUSED']);
      expect(await bed.ask(from, 'udp', '10.43.0.5', 80)).toEqual(['ECONNREFUSED']);
      expect(await bed.ask(from, 'tcp', '10.43.0.5', 81)).toEqual(['ECONNREFUSED']);
      expect(await bed.ask(from, 'tcp', '10.43.0.6', 80)).toEqual(['ETIMEDOUT']);
    }
  });

  it('leads to those that end but still serve when no other is left', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a', terminating), endpoint('b')]);
    });
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80)).toEqual(['b 10.42.3.4']);
    await settled(() => slice('web-1', 'web', [endpoint('a', terminating), endpoint('b', { ready: false })]));
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80)).toEqual(['a 10.42.3.4']);
  });

  it('leads to this node only by the policy Local', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5', internalTrafficPolicy: 'Local' });
      await slice('web-1', 'web', [endpoint('a'), endpoint('far')]);
    });
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80)).toEqual(['a 10.42.3.4']);
    await settled(() => slice('web-1', 'web', [endpoint('far')]));
    expect(await bed.ask('c', 'tcp', '10.43.0.5', 80)).toEqual(['ETIMEDOUT']);
  });

  it('forgets UDP flows to an endpoint that is gone, and no others', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a')]);
    });
    expect(await bed.ask('c', 'udp', '10.43.0.5', 80, 1, 4000)).toEqual(['a 10.42.3.4']);
    expect(await bed.ask('c', 'udp', addresses.b, answerPort, 1, 4001)).toEqual(['b 10.42.3.4']);
    await settled(() => slice('web-1', 'web', [endpoint('b')]));
    expect(await bed.ask('c', 'udp', '10.43.0.5', 80, 1, 4000)).toEqual(['b 10.42.3.4']);
    const listing = await bed.onNode('conntrack', ['-L', '-p', 'udp']);
    expect(listing).toContain('sport=4001');
    expect(listing).not.toContain(`src=${addresses.a} dst=${addresses.c}`);
  });
});

describe('session affinity', () => {
  it('keeps clients where they are, also while others come and go', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5', sessionAffinity: 'ClientIP' });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b'), endpoint('far')]);
    });
    const [first] = await bed.askAll('c', 'tcp', '10.43.0.5', 80, 20);
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80, 20)).toEqual([first]);
    const name = first?.split(' ')[0];
    const all = ['a', 'b', 'far'] as const;
    const other = all.find((one) => one !== name);
    await settled(() =>
      slice(
        'web-1',
        'web',
        all.filter((one) => one !== other).map((one) => endpoint(one)),
      ),
    );
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80, 20)).toEqual([first]);
    // Its own is gone: another one, and then that one.
    await settled(() =>
      slice(
        'web-1',
        'web',
        all.filter((one) => one !== name).map((one) => endpoint(one)),
      ),
    );
    const [second, ...rest] = await bed.askAll('c', 'tcp', '10.43.0.5', 80, 20);
    expect(rest).toEqual([]);
    expect(second).not.toBe(first);
    // A restart of the agent is no reason to forget.
    await stopNode();
    startNode();
    await eventually(() => proxy.applied() > 0n);
    expect(await bed.askAll('c', 'tcp', '10.43.0.5', 80, 20)).toEqual([second]);
  });

  it('ends after its time', async () => {
    await settled(async () => {
      const sessionAffinityConfig = { clientIP: { timeoutSeconds: 1 } };
      await service('web', { clusterIP: '10.43.0.5', sessionAffinity: 'ClientIP', sessionAffinityConfig });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b'), endpoint('far')]);
    });
    await bed.ask('c', 'tcp', '10.43.0.5', 80);
    await eventually(async () => {
      const listing = await bed.onNode('nft', ['list', 'map', 'ip', 'berth', 'affinity']);
      expect(listing).not.toContain('10.42.3.4');
    });
  });
});

describe('node ports', () => {
  const nodePort = 30_080;
  const nodePorts = ports.map((port) => ({ ...port, nodePort }));

  it('are served on every address of the node, under the node’s name', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5', type: 'NodePort', ports: nodePorts });
      await slice('web-1', 'web', [endpoint('a'), endpoint('far')]);
    });
    const translated = ['a 10.42.3.1', 'far 10.42.3.1'];
    expect(await bed.askAll('outside', 'tcp', addresses.second, nodePort, 20)).toEqual(translated);
    expect(await bed.askAll('outside', 'udp', addresses.node, nodePort, 20)).toEqual(translated);
    expect(await bed.askAll('c', 'tcp', addresses.node, nodePort, 20)).toEqual(translated);
    const names = (await bed.askAll('node', 'tcp', addresses.node, nodePort, 20)).map((line) => line.split(' ')[0]);
    expect(names).toEqual(['a', 'far']);
    // 127.0.0.1 leads to pods of this node.
    expect(await bed.askAll('node', 'tcp', '127.0.0.1', nodePort, 20)).toEqual(['a 10.42.3.1']);
    await settled(() => slice('web-1', 'web', []));
    expect(await bed.ask('outside', 'tcp', addresses.second, nodePort)).toEqual(['ECONNREFUSED']);
    await settled(() => client.delete(services, { namespace, name: 'web' }));
    expect(await bed.onNode('nft', ['list', 'map', 'ip', 'berth', 'node_unserved'])).not.toContain('30080');
  });

  it('keep the client’s address by the policy Local, and do not answer where there is no endpoint', async () => {
    await settled(async () => {
      const policy = { type: 'NodePort', externalTrafficPolicy: 'Local', ports: nodePorts };
      await service('web', { clusterIP: '10.43.0.5', ...policy });
      await slice('web-1', 'web', [endpoint('a'), endpoint('far')]);
    });
    expect(await bed.askAll('outside', 'tcp', addresses.second, nodePort)).toEqual([`a ${addresses.outside}`]);
    // Inside the cluster it is the whole service.
    expect(await bed.askAll('c', 'tcp', addresses.node, nodePort, 20)).toEqual(['a 10.42.3.4', 'far 10.42.3.4']);
    const names = (await bed.askAll('node', 'tcp', addresses.node, nodePort, 20)).map((line) => line.split(' ')[0]);
    expect(names).toEqual(['a', 'far']);
    await settled(() => slice('web-1', 'web', [endpoint('far')]));
    expect(await bed.ask('outside', 'tcp', addresses.second, nodePort)).toEqual(['ETIMEDOUT']);
    expect(await bed.askAll('c', 'tcp', addresses.node, nodePort)).toEqual(['far 10.42.3.4']);
  });

  it('know session affinity', async () => {
    await settled(async () => {
      const spec = { type: 'NodePort', sessionAffinity: 'ClientIP', ports: nodePorts };
      await service('web', { clusterIP: '10.43.0.5', ...spec });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b'), endpoint('far')]);
    });
    const seen = await bed.askAll('outside', 'tcp', addresses.second, nodePort, 20);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/ 10\.42\.3\.1$/);
  });
});

describe('external addresses', () => {
  it('are led to the service, those of a load balancer only from its source ranges', async () => {
    await settled(async () => {
      const spec = {
        type: 'LoadBalancer',
        clusterIP: '10.43.0.5',
        externalIPs: ['192.0.2.7'],
        loadBalancerSourceRanges: ['203.0.113.0/24', '203.0.113.2/32'],
      };
      await service('web', spec, { loadBalancer: { ingress: [{ ip: addresses.node, ipMode: 'VIP' }] } });
      await slice('web-1', 'web', [endpoint('a')]);
    });
    expect(await bed.ask('outside', 'tcp', '192.0.2.7', 80)).toEqual(['a 10.42.3.1']);
    expect(await bed.ask('c', 'tcp', '192.0.2.7', 80)).toEqual(['a 10.42.3.1']);
    expect(await bed.ask('outside', 'tcp', addresses.node, 80)).toEqual(['a 10.42.3.1']);
    expect(await bed.ask('c', 'tcp', addresses.node, 80)).toEqual(['ETIMEDOUT']);
  });

  it('belong to the older service where two ask for one', async () => {
    await settled(async () => {
      await service('one', { clusterIP: '10.43.0.5', externalIPs: ['192.0.2.7'] });
      await slice('one-1', 'one', [endpoint('a')]);
      await service('two', { clusterIP: '10.43.0.6', externalIPs: ['192.0.2.7'] });
      await slice('two-1', 'two', [endpoint('b')]);
    });
    expect(await bed.askAll('outside', 'tcp', '192.0.2.7', 80)).toEqual(['a 10.42.3.1']);
    await settled(() => client.delete(services, { namespace, name: 'one' }));
    expect(await bed.askAll('outside', 'tcp', '192.0.2.7', 80)).toEqual(['b 10.42.3.1']);
  });
});

describe('the table', () => {
  it('leads the address of a local service to the node', async () => {
    const [address, port] = ['10.43.0.10', 53];
    const to = { address: addresses.a, port: answerPort };
    await rules.setLocal((['TCP', 'UDP'] as const).map((protocol) => ({ address, port, protocol, to })));
    expect(await bed.ask('c', 'udp', address, port)).toEqual(['a 10.42.3.4']);
    expect((await bed.ask('node', 'tcp', address, port))[0]).toMatch(/^a /);
  });

  it('does not touch what pods of another cluster send to the same addresses', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a')]);
    });
    await bed.onNode('ip', ['link', 'set', 'world', 'name', 'berthf00']);
    expect(await bed.ask('outside', 'tcp', '10.43.0.5', 80)).toEqual(['ETIMEDOUT']);
    await bed.onNode('ip', ['link', 'set', 'berthf00', 'name', 'world']);
    await bed.onNode('ip', ['link', 'set', 'world', 'up']);
    expect(await bed.ask('outside', 'tcp', '10.43.0.5', 80)).toEqual(['a 10.42.3.1']);
  });

  it('is served on over a restart of the agent, without one lost connection', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b')]);
    });
    const asking = bed.ask('c', 'tcp', '10.43.0.5', 80, 1_500);
    for (let restarts = 0; restarts < 3; restarts++) {
      await stopNode();
      startNode();
      await eventually(() => proxy.applied() > 0n);
    }
    const answers = await asking;
    expect(answers.filter((line) => !/^[ab] /.test(line))).toEqual([]);
  });

  it('changes under load without one lost connection', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a'), endpoint('b')]);
    });
    let over = false;
    const asking = bed.ask('c', 'tcp', '10.43.0.5', 80, 8_000).finally(() => {
      over = true;
    });
    let changes = 0;
    while (!over) {
      const shown = changes % 2 === 0 ? [endpoint('a')] : [endpoint('b'), endpoint('a'), endpoint('far')];
      await settled(() => slice('web-1', 'web', shown));
      changes += 1;
    }
    expect((await asking).filter((line) => !/^(a|b|far) /.test(line))).toEqual([]);
    expect(changes).toBeGreaterThan(5);
  });

  it('comes back when somebody deletes it', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a')]);
    });
    repairs.length = 0;
    await bed.onNode('nft', ['flush', 'ruleset']);
    await eventually(async () => (await bed.ask('c', 'tcp', '10.43.0.5', 80))[0] === 'a 10.42.3.4', {
      withinMs: 8_000,
    });
    expect(repairs).toHaveLength(1);
  });

  it('comes back with the next change when single elements are gone', async () => {
    await settled(async () => {
      await service('web', { clusterIP: '10.43.0.5' });
      await slice('web-1', 'web', [endpoint('a')]);
    });
    await bed.onNode('nft', ['flush', 'map', 'ip', 'berth', 'endpoints']);
    await settled(() => slice('web-1', 'web', [endpoint('b')]));
    expect(await bed.ask('c', 'tcp', '10.43.0.5', 80)).toEqual(['b 10.42.3.4']);
  });

  it('goes completely', async () => {
    await stopNode();
    await rules.remove();
    expect(await bed.onNode('nft', ['list', 'tables'])).toBe('');
    startNode();
  });
});
