import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { V1DeleteOptions, V1Namespace } from '#api/generated/types.ts';
import { startTestCore, type TestCore } from '#test/harness/core.ts';
import { statusOf } from '#test/harness/status-of.ts';

let made: TestCore;
beforeEach(async () => {
  made = await startTestCore();
});
afterEach(() => made.stop());

const namespace = 'default';
const key = { namespace, name: 'a' };
const createConfigMap = async (finalizers?: string[]) =>
  (await made.configMaps.create(made.context(), { metadata: { name: 'a', finalizers } }, { namespace })).entry;
const deleteConfigMap = (options: V1DeleteOptions = {}) => made.configMaps.delete(made.context(), key, options);
const getConfigMap = async () => (await made.configMaps.get(made.context(), key, {})).object;
const removeFinalizers = () =>
  made.configMaps.modify(
    made.context(),
    key,
    (current) => ({ ...current, metadata: { ...current.metadata, finalizers: [] } }),
    {},
  );

describe('delete', () => {
  test('without finalizers removes at once', async () => {
    await createConfigMap();
    expect(await deleteConfigMap()).toMatchObject({ gone: true, entry: { object: { metadata: { name: 'a' } } } });
    expect(await statusOf(getConfigMap())).toMatchObject({ code: 404 });
    expect(await statusOf(deleteConfigMap())).toMatchObject({ code: 404, message: 'configmaps "a" not found' });
  });

  test('with finalizers marks, and the object goes with the last of them', async () => {
    await createConfigMap(['example.com/hold']);
    const { gone, entry } = await deleteConfigMap();
    expect(gone).toBe(false);
    expect(entry.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['example.com/hold'],
    });
    const { revision } = entry;
    expect((await deleteConfigMap()).entry.revision, 'a second delete changes nothing').toBe(revision);
    await removeFinalizers();
    expect(await statusOf(getConfigMap())).toMatchObject({ code: 404 });
  });

  test('of what is terminating lets nobody add finalizers', async () => {
    await createConfigMap(['example.com/hold']);
    await deleteConfigMap();
    const add = made.configMaps.modify(
      made.context(),
      key,
      (current) => ({
        ...current,
        metadata: { ...current.metadata, finalizers: ['example.com/hold', 'example.com/more'] },
      }),
      {},
    );
    expect(await statusOf(add)).toMatchObject({ code: 422 });
  });

  test.each([
    ['Foreground', 'foregroundDeletion'],
    ['Orphan', 'orphan'],
  ])('%s leaves the dependents to the garbage collector', async (propagationPolicy, finalizer) => {
    await createConfigMap();
    const { gone, entry } = await deleteConfigMap({ propagationPolicy });
    expect(gone).toBe(false);
    expect(entry.object.metadata.finalizers).toEqual([finalizer]);
    await removeFinalizers();
    expect(await statusOf(getConfigMap())).toMatchObject({ code: 404 });
  });

  test('in the background needs no finalizer, and takes away those of other policies', async () => {
    await createConfigMap();
    await deleteConfigMap({ propagationPolicy: 'Orphan' });
    expect((await deleteConfigMap({ propagationPolicy: 'Background' })).gone).toBe(true);
  });

  test('refuses policies that it does not know, and two at once', async () => {
    await createConfigMap();
    expect(await statusOf(deleteConfigMap({ propagationPolicy: 'Sideways' }))).toMatchObject({ code: 400 });
    expect(await statusOf(deleteConfigMap({ propagationPolicy: 'Orphan', orphanDependents: true }))).toMatchObject({
      code: 400,
    });
  });

  test('holds its preconditions', async () => {
    const { object } = await createConfigMap();
    const { uid, resourceVersion } = object.metadata;
    expect(await statusOf(deleteConfigMap({ preconditions: { uid: 'other' } }))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on configmaps "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
    expect(await statusOf(deleteConfigMap({ preconditions: { resourceVersion: '1' } }))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on configmaps "a": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    });
    expect((await deleteConfigMap({ preconditions: { uid, resourceVersion } })).gone).toBe(true);
  });

  test('as a dry run removes nothing', async () => {
    await createConfigMap();
    expect((await deleteConfigMap({ dryRun: ['All'] })).gone).toBe(true);
    expect((await getConfigMap()).metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('graceful deletion', () => {
  const createPod = (nodeName?: string) =>
    made.pods.create(
      made.context(),
      { metadata: { name: 'a' }, spec: { containers: [], nodeName, terminationGracePeriodSeconds: 20 } },
      { namespace },
    );
  const deletePod = (options: V1DeleteOptions = {}) => made.pods.delete(made.context(), key, options);

  test('marks with the time when it will be over, until somebody confirms with zero', async () => {
    await createPod('n');
    const { gone, entry } = await deletePod();
    expect(gone).toBe(false);
    expect(entry.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:20Z',
      deletionGracePeriodSeconds: 20,
      generation: 2,
    });
    expect((await deletePod()).entry.revision).toBe(entry.revision);
    expect((await deletePod({ gracePeriodSeconds: 60 })).entry.revision, 'it cannot become longer').toBe(
      entry.revision,
    );
    const shorter = await deletePod({ gracePeriodSeconds: 5 });
    expect(shorter.entry.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:05Z',
      deletionGracePeriodSeconds: 5,
      generation: 2,
    });
    expect((await deletePod({ gracePeriodSeconds: 0 })).gone).toBe(true);
    expect(await statusOf(made.pods.get(made.context(), key, {}))).toMatchObject({ code: 404 });
  });

  test('ends at once where nothing runs, and when nothing is granted', async () => {
    await createPod();
    expect((await deletePod()).gone).toBe(true);
    await createPod('n');
    expect((await deletePod({ gracePeriodSeconds: 0 })).gone).toBe(true);
  });

  test('does not end with an update while the time runs', async () => {
    await createPod('n');
    await deletePod();
    await made.pods.modify(made.context(), key, (pod) => ({ ...pod, status: { phase: 'Running' } }), {
      subresource: 'status',
    });
    expect((await made.pods.get(made.context(), key, {})).object.status?.phase).toBe('Running');
  });
});

describe('namespaces', () => {
  const work = { name: 'work' };
  const inWork = { namespace: 'work' };
  beforeEach(async () => {
    await made.namespaces.create(made.context(), { metadata: { name: 'work' } }, {});
  });

  test('that the cluster needs cannot be deleted', async () => {
    expect(await statusOf(made.namespaces.delete(made.context(), { name: 'kube-system' }, {}))).toMatchObject({
      code: 403,
      message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    });
  });

  test('terminate first, take nothing new, and go when they are finalized', async () => {
    const { gone, entry } = await made.namespaces.delete(made.context(), work, {});
    expect(gone).toBe(false);
    expect(entry.object).toMatchObject({
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Terminating' },
    });
    const refused = made.configMaps.create(made.context(), { metadata: { name: 'a' } }, inWork);
    expect(await statusOf(refused)).toMatchObject({
      code: 403,
      message:
        'configmaps "a" is forbidden: unable to create new content in namespace work because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
    expect((await made.namespaces.delete(made.context(), work, {})).gone).toBe(false);
    const finalized: V1Namespace = { ...structuredClone(entry.object), spec: { finalizers: [] } };
    await made.namespaces.update(made.context(), work, finalized, { subresource: 'finalize' });
    expect(await statusOf(made.namespaces.get(made.context(), work, {}))).toMatchObject({ code: 404 });
  });

  test('stay while they have finalizers of their own', async () => {
    await made.namespaces.modify(
      made.context(),
      work,
      (now) => ({ ...now, metadata: { ...now.metadata, finalizers: ['example.com/hold'] } }),
      {},
    );
    await made.namespaces.delete(made.context(), work, {});
    await made.namespaces.modify(made.context(), work, (now) => ({ ...now, spec: {} }), { subresource: 'finalize' });
    await made.namespaces.get(made.context(), work, {});
    await made.namespaces.modify(
      made.context(),
      work,
      (now) => ({ ...now, metadata: { ...now.metadata, finalizers: undefined } }),
      {},
    );
    expect(await statusOf(made.namespaces.get(made.context(), work, {}))).toMatchObject({ code: 404 });
  });
});

describe('deletecollection', () => {
  test('removes what the selectors choose', async () => {
    for (let n = 0; n < 40; n++) {
      const labels = { odd: String(n % 2 === 1) };
      await made.configMaps.create(made.context(), { metadata: { name: `c${n}`, labels } }, { namespace });
    }
    const deleted = await made.configMaps.deleteCollection(
      made.context(),
      { namespace, labelSelector: 'odd=true' },
      {},
    );
    expect(deleted).toHaveLength(20);
    const { items } = await made.configMaps.list(made.context(), { namespace });
    expect(items).toHaveLength(20);
    expect(items.every(({ object }) => object.metadata.labels?.odd === 'false')).toBe(true);
  });
});
