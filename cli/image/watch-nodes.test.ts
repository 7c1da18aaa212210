import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodes } from '#api/kinds.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createMemoryClient, type MemoryClient } from '#client/testing/memory-client.ts';
import { watchNodes } from './watch-nodes.ts';

let clock: VirtualClock;
let client: MemoryClient;
let life: AbortController;
let watching: Promise<void>;
let sending: Map<string, AbortController>;

const setReady = async (name: string, status: 'True' | 'Unknown'): Promise<void> => {
  const node = await client.get(nodes, { name });
  await client.updateStatus(nodes, { ...node, status: { conditions: [{ type: 'Ready', status }] } });
};
const aborted = (): string[] => [...sending].flatMap(([name, { signal }]) => (signal.aborted ? [name] : []));

beforeEach(async () => {
  clock = createVirtualClock();
  client = createMemoryClient({ clock, random: createSeededRandom(1) });
  life = new AbortController();
  sending = new Map();
  for (const name of ['a', 'b']) {
    await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await setReady(name, 'True');
    sending.set(name, new AbortController());
  }
  watching = watchNodes(client, sending, clock, life.signal);
});
afterEach(async () => {
  life.abort(new Error('the test ends'));
  await watching;
});

it('gives up what is sent to a machine that stays silent, and nothing else', async () => {
  await setReady('a', 'Unknown');
  await clock.advance(16_000);
  expect(aborted()).toEqual(['a']);
});

it('bears with a machine that is silent for a moment, again and again', async () => {
  for (let round = 0; round < 5; round++) {
    await setReady('a', 'Unknown');
    await clock.advance(9_000);
    await setReady('a', 'True');
    await clock.advance(6_000);
  }
  expect(aborted()).toEqual([]);
});

it('gives up what is sent to a machine that was removed from the cluster', async () => {
  await client.delete(nodes, { name: 'b' });
  await clock.advance(16_000);
  expect(aborted()).toEqual(['b']);
});
