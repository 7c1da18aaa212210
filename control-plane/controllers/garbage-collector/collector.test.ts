import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1ConfigMap, V1OwnerReference } from '#api/generated/types.ts';
import { configMaps, events, namespaces } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
});
afterEach(() => bed.stop());

const namespace = 'default';
const ownedBy = (owner: Stored<V1ConfigMap>, more: Partial<V1OwnerReference> = {}): V1OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...more,
});
const make = (
  name: string,
  ownerReferences: V1OwnerReference[] = [],
  more: object = {},
): Promise<Stored<V1ConfigMap>> =>
  bed.done(bed.client.create(configMaps, { metadata: { name, namespace, ownerReferences, ...more } }));
const left = async (): Promise<string[]> => {
  const { items } = await bed.client.list(configMaps, { namespace });
  return items.map(({ metadata }) => metadata.name).sort();
};
const erase = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
  bed.done(bed.client.delete(configMaps, { namespace, name }, { propagationPolicy }));

describe('the garbage collector', () => {
  it('removes what is owned in the background, down to the last generation', async () => {
    const grandparent = await make('a');
    const parent = await make('b', [ownedBy(grandparent)]);
    await make('c', [ownedBy(parent)]);
    await make('bystander');
    await erase('a', 'Background');
    await bed.clock.advance(5_000);
    expect(await left()).toEqual(['bystander']);
  });

  it('keeps what another owner still wants, and forgets the one that is gone', async () => {
    const [first, second] = [await make('first'), await make('second')];
    await make('shared', [ownedBy(first), ownedBy(second)]);
    await erase('first', 'Background');
    await bed.clock.advance(5_000);
    const shared = await bed.client.get(configMaps, { namespace, name: 'shared' });
    expect(shared.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['second']);
  });

  it('removes dependents first in the foreground, and waits for those that block', async () => {
    const owner = await make('owner');
    await make('held', [ownedBy(owner, { blockOwnerDeletion: true })], { finalizers: ['example.com/hold'] });
    await make('free', [ownedBy(owner)]);
    await erase('owner', 'Foreground');
    await bed.clock.advance(5_000);
    expect(await left()).toEqual(['held', 'owner']);
    const held = await bed.client.get(configMaps, { namespace, name: 'held' });
    await bed.done(bed.client.update(configMaps, { ...held, metadata: { ...held.metadata, finalizers: [] } }));
    await bed.clock.advance(5_000);
    expect(await left()).toEqual([]);
  });

  it('gets out of a circle in the foreground', async () => {
    const a = await make('a');
    const b = await make('b', [ownedBy(a, { blockOwnerDeletion: true })]);
    const current = await bed.client.get(configMaps, { namespace, name: 'a' });
    const ownerReferences = [ownedBy(b, { blockOwnerDeletion: true })];
    await bed.done(bed.client.update(configMaps, { ...current, metadata: { ...current.metadata, ownerReferences } }));
    await erase('a', 'Foreground');
    await bed.clock.advance(30_000);
    expect(await left()).toEqual([]);
  });

  it('sets dependents free where the deletion says so', async () => {
    const owner = await make('owner');
    await make('child', [ownedBy(owner)]);
    await erase('owner', 'Orphan');
    await bed.clock.advance(5_000);
    expect(await left()).toEqual(['child']);
    const child = await bed.client.get(configMaps, { namespace, name: 'child' });
    expect(child.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('removes what names an owner that never was, or one of another namespace', async () => {
    await bed.done(bed.client.create(namespaces, { metadata: { name: 'elsewhere' } }));
    const there = await bed.done(
      bed.client.create(configMaps, { metadata: { name: 'there', namespace: 'elsewhere' } }),
    );
    await make('dangling', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: 'no-such-uid' }]);
    await make('crossing', [ownedBy(there)]);
    await bed.clock.advance(5_000);
    expect(await left()).toEqual([]);
  });

  it('leaves alone what it cannot judge, and says so', async () => {
    await make('odd', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'u' }]);
    await bed.clock.advance(60_000);
    expect(await left()).toEqual(['odd']);
    const { items } = await bed.client.list(events, { namespace });
    expect(items.map(({ reason, message }) => `${reason} ${message}`)).toContain(
      'OwnerRefInvalid ownerReferences: no kind Widget in example.com/v1',
    );
  });
});
