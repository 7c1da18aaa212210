import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createCache, type InformerCache } from '#client/informers/cache.ts';
import { createNodeNetwork, type NetworkFacts, type NodeNetwork } from './node-network.ts';
import type { RulesBase } from './node-rules.ts';
import { createFakeKernel, type FakeKernel } from './testing/fake-kernel.ts';

let folder: string;
let kernel: FakeKernel;
let clock: VirtualClock;
let nodes: InformerCache<V1Node>;
let bases: RulesBase[];
let life: AbortController;
let running: Promise<void> | undefined;
let routesChanged: () => void;
let version = 0;
/** How often the kernel was asked or told. */
let runs = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-network-'));
  kernel = createFakeKernel();
  kernel.addLink('eth0', { addresses: ['192.0.2.1/24'] });
  clock = createVirtualClock();
  boot();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** What a process knows of the cluster when it starts. */
function boot(): void {
  nodes = createCache<V1Node>(createSilentLog());
  bases = [];
  life = new AbortController();
}

async function stop(): Promise<void> {
  life.abort(new Error('the test is over'));
  await running;
  running = undefined;
}

function start(): NodeNetwork {
  const network = createNodeNetwork({
    nodeName: 'own',
    nodes: {
      get synced() {
        return nodes.synced;
      },
      get: (key) => nodes.store.get(key),
      list: () => nodes.store.list(),
      addHandler: (handler) => nodes.addHandler(handler),
    },
    bridge: 'berth0',
    tunnel: 'berth0vx',
    clusterCidr: '10.42.0.0/16',
    mode: 'auto',
    rules: { setBase: (base) => void bases.push(base), remove: async () => {} },
    cniConfDir: join(folder, 'conf'),
    cniDataDir: join(folder, 'data'),
    stateFile: join(folder, 'state/network.json'),
    clock,
    random: createSeededRandom(1),
    log: createSilentLog(),
    run(...args) {
      runs += 1;
      return kernel.run(...args);
    },
    watchRoutes: (onChange, signal) => {
      routesChanged = onChange;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    sysctlRoot: join(folder, 'sys'),
  });
  running = network.run(life.signal);
  return network;
}

const node = (name: string, podCidr: string | undefined, address: string): Stored<V1Node> => {
  version += 1;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: `${version}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: podCidr === undefined ? {} : { podCIDR: podCidr, podCIDRs: [podCidr] },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
};
const list = async (...all: readonly Stored<V1Node>[]): Promise<void> => {
  nodes.replace(all, `${version}`);
  await clock.advance(100);
};
const cniSubnet = (): string | undefined => {
  const file = join(folder, 'conf/10-berth.conflist');
  return existsSync(file) ? /"subnet": "([^"]*)"/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
};
const targets = (): string[] => kernel.routes.map(({ to, via }) => `${to} via ${via}`).toSorted();

describe('the network of a node', () => {
  it('waits for its part of the pod network, and says so', async () => {
    const network = start();
    let facts: NetworkFacts | undefined;
    const waiting = network.ready(life.signal).then((found) => {
      facts = found;
    });
    await list(node('own', undefined, '192.0.2.1'));
    expect(network.problem()).toContain('has not given this node its part of the pod network');
    expect([facts, cniSubnet(), kernel.links.has('berth0')]).toEqual([undefined, undefined, false]);
    nodes.put(node('own', '10.42.1.0/24', '192.0.2.1'));
    await clock.advance(100);
    await waiting;
    expect(facts).toEqual({ podCidr: '10.42.1.0/24', gateway: '10.42.1.1', mtu: 1_500 });
    expect(network.current()).toEqual(facts);
    expect(network.problem()).toBeUndefined();
    expect(cniSubnet()).toBe('10.42.1.0/24');
    expect(kernel.links.get('berth0')).toMatchObject({ up: true, addresses: ['10.42.1.1/24'], mtu: 1_500 });
    expect(bases).toEqual([{ podCidr: '10.42.1.0/24', gateway: '10.42.1.1', tunnel: 'berth0vx' }]);
  });

  it('gives up waiting when it is told to', async () => {
    const network = start();
    const waiting = network.ready(life.signal);
    await stop();
    await expect(waiting).rejects.toThrow('the test is over');
  });

  it('follows nodes that come, move and go', async () => {
    start();
    const own = node('own', '10.42.1.0/24', '192.0.2.1');
    await list(own, node('a', '10.42.2.0/24', '192.0.2.2'), node('b', '10.42.3.0/24', '198.51.100.3'));
    expect(targets()).toEqual(['10.42.2.0/24 via 192.0.2.2', '10.42.3.0/24 via 10.42.3.0']);
    nodes.put(node('a', '10.42.2.0/24', '192.0.2.77'));
    nodes.put(node('b', '10.42.3.0/24', '192.0.2.3'));
    await clock.advance(100);
    expect(targets()).toEqual(['10.42.2.0/24 via 192.0.2.77', '10.42.3.0/24 via 192.0.2.3']);
    expect(kernel.links.has('berth0vx')).toBe(false);
    nodes.remove(node('a', '10.42.2.0/24', '192.0.2.77'));
    await clock.advance(100);
    expect(targets()).toEqual(['10.42.3.0/24 via 192.0.2.3']);
  });

  it('does nothing when nothing of interest has changed', async () => {
    start();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), node('a', '10.42.2.0/24', '192.0.2.2'));
    const before = runs;
    for (let round = 0; round < 20; round++) {
      nodes.put({
        ...node('a', '10.42.2.0/24', '192.0.2.2'),
        metadata: { ...node('a', '', '').metadata, labels: { round: `${round}` } },
      });
      await clock.advance(10);
    }
    expect(runs).toBe(before);
  });

  it('mends what somebody undid: at once when it hears of it, and otherwise when it looks', async () => {
    start();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), node('b', '10.42.3.0/24', '198.51.100.3'));
    const before = targets();
    kernel.deleteLink('berth0vx');
    routesChanged();
    await clock.advance(1_000);
    expect(targets()).toEqual(before);
    kernel.neighbours = [];
    await clock.advance(31_000);
    expect(kernel.neighbours).toHaveLength(1);
    kernel.deleteLink('berth0');
    await clock.advance(31_000);
    expect(kernel.links.get('berth0')?.addresses).toEqual(['10.42.1.1/24']);
  });

  it('tries again until it succeeds', async () => {
    kernel.failing = 'link add berth0vx';
    const network = start();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), node('b', '10.42.3.0/24', '198.51.100.3'));
    expect(network.problem()).toBeUndefined();
    await clock.advance(5_000);
    expect(targets()).toEqual([]);
    kernel.failing = undefined;
    await clock.advance(11_000);
    expect(targets()).toEqual(['10.42.3.0/24 via 10.42.3.0']);
  });

  it('reaches the machines on its link while there can be no tunnel to others', async () => {
    kernel.failing = 'link add berth0vx';
    start();
    const near = node('a', '10.42.2.0/24', '192.0.2.2');
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), near, node('b', '10.42.3.0/24', '198.51.100.3'));
    await clock.advance(1_000);
    expect(targets()).toEqual(['10.42.2.0/24 via 192.0.2.2']);
    kernel.failing = undefined;
    await clock.advance(11_000);
    expect(targets()).toEqual(['10.42.2.0/24 via 192.0.2.2', '10.42.3.0/24 via 10.42.3.0']);
  });

  it('starts from what it remembers when no server answers, peers included', async () => {
    start();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), node('b', '10.42.3.0/24', '198.51.100.3'));
    const before = targets();
    await stop();
    kernel = createFakeKernel();
    kernel.addLink('eth0', { addresses: ['192.0.2.1/24'] });
    boot();
    const network = start();
    await clock.advance(100);
    expect(network.current()?.gateway).toBe('10.42.1.1');
    expect(targets()).toEqual(before);
    // The server is back, and has forgotten this node for the moment.
    await list(node('b', '10.42.3.0/24', '198.51.100.4'));
    expect(kernel.forwarding.map(({ address }) => address)).toEqual(['198.51.100.4']);
    expect(cniSubnet()).toBe('10.42.1.0/24');
  });

  it('begins anew where its memory is damaged', async () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'state/network.json'), '{"podCidr": 5');
    const network = start();
    await clock.advance(100);
    expect(network.current()).toBeUndefined();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'));
    expect(network.current()?.podCidr).toBe('10.42.1.0/24');
  });

  it('gives up addresses of a network that is not its own any more', async () => {
    const network = start();
    const told: string[] = [];
    network.onChange(({ podCidr }) => told.push(podCidr));
    await list(node('own', '10.42.1.0/24', '192.0.2.1'));
    mkdirSync(join(folder, 'data/berth0'), { recursive: true });
    writeFileSync(join(folder, 'data/berth0/10.42.1.2'), 'pod');
    await list(node('own', '10.42.7.0/24', '192.0.2.1'));
    expect(existsSync(join(folder, 'data/berth0/10.42.1.2'))).toBe(false);
    expect(kernel.links.get('berth0')?.addresses).toEqual(['10.42.7.1/24']);
    expect(cniSubnet()).toBe('10.42.7.0/24');
    expect(bases.at(-1)?.gateway).toBe('10.42.7.1');
    expect(told).toEqual(['10.42.1.0/24', '10.42.7.0/24']);
  });

  it('is removed with everything, and again', async () => {
    const network = start();
    await list(node('own', '10.42.1.0/24', '192.0.2.1'), node('b', '10.42.3.0/24', '198.51.100.3'));
    await stop();
    for (const _ of [1, 2]) {
      await network.remove();
      expect([...kernel.links.keys()]).toEqual(['eth0']);
      expect(targets()).toEqual([]);
    }
  });
});
