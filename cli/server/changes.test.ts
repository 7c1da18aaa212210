import { describe, expect, it } from 'vitest';
import { clusterConfig } from '#api/cluster-config.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import type { HostSettings } from '#host/settings.ts';
import type { WatchRoutes } from '#node-agent/network/route-monitor.ts';
import { addressChange, untilDue } from './changes.ts';

const settings: HostSettings = {
  role: 'agent',
  nodeName: 'n',
  nodeAddress: '192.0.2.1',
  nodeAddressAuto: true,
  agentPort: 10_250,
  servers: ['https://192.0.2.9:6443'],
  cluster: clusterConfig(),
};

/** A kernel that tells of nothing by itself. */
function routes() {
  let tell = (): void => {};
  const watchRoutes: WatchRoutes = (onChange, signal) => {
    tell = onChange;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  };
  return { watchRoutes, tell: () => tell() };
}

/** The addresses that the machine has at one look after the other; the last one stays. */
async function changeAmong(...addresses: readonly string[]): Promise<string | undefined> {
  const clock = createVirtualClock();
  const stop = new AbortController();
  let looks = 0;
  const look = async (known: HostSettings) => ({
    ...known,
    nodeAddress: addresses[Math.min(looks++, addresses.length - 1)] ?? '',
  });
  const change = addressChange(settings, clock, stop.signal, { look, watchRoutes: routes().watchRoutes });
  await clock.advance(60_000);
  stop.abort();
  return change;
}

describe('addressChange', () => {
  it('tells of an address that stays', async () => {
    expect(await changeAmong('192.0.2.1', '192.0.2.7')).toBe('192.0.2.7');
  });
  it('does not tell of one that came and went', async () => {
    expect(await changeAmong('192.0.2.7', '192.0.2.1', '192.0.2.8', '192.0.2.1')).toBeUndefined();
  });
  it('tells nothing while the address is the same', async () => {
    expect(await changeAmong('192.0.2.1')).toBeUndefined();
  });
  it('tells within three seconds when the kernel tells of a change', async () => {
    const clock = createVirtualClock();
    const kernel = routes();
    let nodeAddress = settings.nodeAddress;
    let looks = 0;
    let told: string | undefined;
    const look = async (known: HostSettings) => {
      looks += 1;
      return { ...known, nodeAddress };
    };
    const stop = new AbortController();
    const change = addressChange(settings, clock, stop.signal, { look, watchRoutes: kernel.watchRoutes });
    void change.then((address) => {
      told = address;
    });
    await clock.advance(1_000);
    for (let n = 0; n < 100; n += 1) kernel.tell();
    await clock.advance(1_000);
    expect(looks).toBe(1);
    nodeAddress = '192.0.2.7';
    kernel.tell();
    await clock.advance(3_000);
    expect(told).toBe('192.0.2.7');
    expect(clock.pendingTimers).toBe(0);
    stop.abort();
  });
  it('never looks where somebody chose the address, and ends all the same', async () => {
    const clock = createVirtualClock();
    const kernel = routes();
    const stop = new AbortController();
    const look = async () => {
      throw new Error('looked');
    };
    const chosen = { ...settings, nodeAddressAuto: false };
    const change = addressChange(chosen, clock, stop.signal, { look, watchRoutes: kernel.watchRoutes });
    kernel.tell();
    await clock.advance(60_000);
    stop.abort();
    expect(await change).toBeUndefined();
  });
  it('leaves no timer behind', async () => {
    const clock = createVirtualClock();
    const stop = new AbortController();
    const { watchRoutes } = routes();
    const change = addressChange(settings, clock, stop.signal, { look: async (known) => known, watchRoutes });
    stop.abort();
    await change;
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('untilDue', () => {
  it('asks again and again', async () => {
    const clock = createVirtualClock();
    let asked = 0;
    const due = untilDue(() => ++asked === 3, 1_000, clock, new AbortController().signal);
    await clock.advance(10_000);
    expect(await due).toBe(true);
    expect(asked).toBe(3);
  });
  it('ends without an answer when it is told to', async () => {
    const clock = createVirtualClock();
    const stop = new AbortController();
    const due = untilDue(() => false, 1_000, clock, stop.signal);
    await clock.advance(2_500);
    stop.abort();
    expect(await due).toBe(false);
  });
});
