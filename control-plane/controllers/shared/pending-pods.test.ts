import { describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { keyText } from '#client/key.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createPendingPods } from './pending-pods.ts';

function setUp() {
  const clock = createVirtualClock();
  const client = createMemoryClient({ clock, random: createSeededRandom(1) });
  const cached = new Map<string, Stored<V1Pod>>();
  const cache = { get: (key: ObjectKey) => cached.get(keyText(key)) };
  const pending = createPendingPods(client, cache, () => clock.now());
  const { signal } = new AbortController();
  const make = (name: string) =>
    client.create(pods, { metadata: { name, namespace: 'default' }, spec: { containers: [] } });
  return {
    clock,
    client,
    pending,
    make,
    show: (pod: Stored<V1Pod>) => cached.set(`default/${pod.metadata.name}`, pod),
    hide: (name: string) => cached.delete(`default/${name}`),
    left: () => pending.settle('rs', signal),
  };
}

describe('pods that the cache does not show yet', () => {
  it('are waited for until it does', async () => {
    const { pending, make, show, left } = setUp();
    const pod = await make('a');
    pending.created('rs', pod);
    expect(await left()).toBe(1);
    show(pod);
    expect([await left(), pending.owners]).toEqual([0, 0]);
  });

  it('are not waited for when they are gone before they were ever seen', async () => {
    const { pending, make, client, clock, left } = setUp();
    pending.created('rs', await make('a'));
    await client.delete(pods, { namespace: 'default', name: 'a' });
    expect(await left()).toBe(1);
    await clock.advance(5_000);
    expect(await left()).toBe(0);
  });

  it('are looked for at once when the answer was lost', async () => {
    const { pending, make, left } = setUp();
    pending.uncertain('rs', 'create', { namespace: 'default', name: 'never' });
    expect(await left()).toBe(0);
    await make('made');
    pending.uncertain('rs', 'create', { namespace: 'default', name: 'made' });
    expect(await left()).toBe(1);
  });

  it('are waited for when they go: until gone, going or replaced', async () => {
    const { pending, make, show, hide, left } = setUp();
    const pod = await make('a');
    show(pod);
    pending.deleted('rs', pod);
    expect(await left()).toBe(1);
    show({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(await left()).toBe(0);
    pending.deleted('rs', pod);
    show({ ...pod, metadata: { ...pod.metadata, uid: 'another' } });
    expect(await left()).toBe(0);
    pending.deleted('rs', pod);
    hide('a');
    expect(await left()).toBe(0);
  });

  it('count again when a delete was not carried out', async () => {
    const { pending, make, show, left } = setUp();
    const pod = await make('a');
    show(pod);
    pending.uncertain('rs', 'delete', { namespace: 'default', name: 'a' }, pod.metadata.uid);
    expect(await left()).toBe(0);
  });
});
