import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { V1ConfigMap } from '#api/generated/types.ts';
import { StatusError } from '#api/status-error.ts';
import { startTestCore, type TestCore } from '#test/harness/core.ts';

let made: TestCore;
beforeEach(async () => {
  made = await startTestCore();
});
afterEach(() => made.stop());

const key = { namespace: 'default', name: 'a' };
const namespace = 'default';
const configMap = (more: Partial<V1ConfigMap> = {}): V1ConfigMap => ({
  metadata: { name: 'a' },
  data: { x: '1' },
  ...more,
});
const create = async (object: V1ConfigMap = configMap()) =>
  (await made.configMaps.create(made.context(), object, { namespace })).entry;
const stored = async () => (await made.configMaps.get(made.context(), key, {})).object;

async function failure(work: Promise<unknown>): Promise<StatusError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StatusError)) throw new Error(`expected a StatusError, got ${String(error)}`);
  return error;
}

describe('create', () => {
  test('sets what the server decides and freezes the answer', async () => {
    const { object, json, revision } = await create();
    expect(object).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: String(revision) },
      data: { x: '1' },
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(json.toString())).toEqual(object);
    expect(Object.isFrozen(object.metadata)).toBe(true);
    expect(Object.isFrozen(object.data)).toBe(true);
  });

  test('answers with the very entry that the cache hands out afterwards', async () => {
    const entry = await create();
    expect(await made.configMaps.get(made.context(), key, {})).toBe(entry);
  });

  test('drops managedFields, selfLink and what only the server may say', async () => {
    const managedFields = [{ manager: 'kubectl', operation: 'Update' }];
    const metadata = {
      name: 'a',
      uid: 'mine',
      creationTimestamp: '1999-01-01T00:00:00Z',
      deletionTimestamp: '1999-01-01T00:00:00Z',
    };
    const { object, json } = await create({
      metadata: { ...metadata, deletionGracePeriodSeconds: 3, managedFields, selfLink: '/x' },
    });
    expect(Object.keys(JSON.parse(json.toString()).metadata).sort()).toEqual([
      'creationTimestamp',
      'name',
      'namespace',
      'resourceVersion',
      'uid',
    ]);
    expect(object.metadata.uid).not.toBe('mine');
    expect(object.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  test('stores no resourceVersion, under the key that kube-apiserver uses', async () => {
    await create();
    const entry = await made.store.get('/registry/configmaps/default/a');
    expect(JSON.parse(String(entry?.value)).metadata).not.toHaveProperty('resourceVersion');
  });

  test('twice is a conflict in Kubernetes words', async () => {
    await create();
    const error = await failure(create());
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    });
  });

  test('refuses a resourceVersion, another namespace and no namespace', async () => {
    const versioned = await failure(create({ metadata: { name: 'a', resourceVersion: '5' } }));
    expect(versioned.status.message).toBe('resourceVersion should not be set on objects to be created');
    const elsewhere = await failure(create({ metadata: { name: 'a', namespace: 'other' } }));
    expect(elsewhere.status).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect(await failure(made.configMaps.create(made.context(), configMap(), {}))).toMatchObject({ code: 400 });
  });

  test('reports everything that is wrong with names and fields together', async () => {
    const error = await failure(
      create({ metadata: { name: 'Not_a_name', labels: { 'a b': 'c' } }, data: { bad: '1' } }),
    );
    expect(error.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { kind: 'ConfigMap', name: 'Not_a_name' },
    });
    const fields = error.status.details?.causes?.map(({ field }) => field);
    expect(fields).toContain('metadata.name');
    expect(fields).toContain('metadata.labels');
    expect(fields).toContain('data[bad]');
  });

  test('wants a name', async () => {
    const error = await failure(create({ metadata: {} }));
    expect(error.status.message).toBe(
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    );
  });

  test('applies defaults, and passes warnings on', async () => {
    const context = made.context();
    const { entry } = await made.configMaps.create(context, configMap({ data: { freeze: 'y', odd: 'y' } }), {
      namespace,
    });
    expect(entry.object.immutable).toBe(true);
    expect(context.warnings).toEqual(['data[odd]: is odd']);
  });

  test('generates names, and again when one is taken', async () => {
    const names = new Set<string>();
    for (let n = 0; n < 50; n++) {
      names.add((await create({ metadata: { generateName: 'web-' } })).object.metadata.name);
    }
    expect(names.size).toBe(50);
    for (const name of names) expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const long = await create({ metadata: { generateName: `${'x'.repeat(100)}-` } });
    expect(long.object.metadata.name).toHaveLength(63);
  });

  test('says so when no generated name is free', async () => {
    const random = { next: () => 0, uuid: () => 'id', suffix: () => 'bbbbb' };
    const own = await startTestCore({ random });
    const object = () => ({ metadata: { generateName: 'web-' } });
    await own.configMaps.create(own.context(), object(), { namespace });
    const error = await failure(own.configMaps.create(own.context(), object(), { namespace }));
    expect(error.status.message).toBe(
      'configmaps "web-bbbbb" already exists, the server was not able to generate a unique name for the object',
    );
    await own.stop();
  });

  test('in a namespace that is not there fails', async () => {
    const error = await failure(made.configMaps.create(made.context(), configMap(), { namespace: 'nowhere' }));
    expect(error.status).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
  });

  test('as a dry run answers the same and stores nothing', async () => {
    const { entry } = await made.configMaps.create(made.context(), configMap(), { namespace, dryRun: true });
    expect(entry.object).toMatchObject({ metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } });
    expect(JSON.parse(entry.json).metadata).not.toHaveProperty('resourceVersion');
    expect((await failure(stored())).code).toBe(404);
    await create();
    const again = made.configMaps.create(made.context(), configMap(), { namespace, dryRun: true });
    expect((await failure(again)).reason).toBe('AlreadyExists');
  });

  test('does not take a name for a path', async () => {
    const error = await failure(made.configMaps.get(made.context(), { namespace, name: '../kube-system/a' }, {}));
    expect(error.code).toBe(404);
    const update = made.configMaps.update(made.context(), { namespace, name: 'x/y' }, configMap({ metadata: {} }), {});
    expect((await failure(update)).code).toBe(400);
  });

  test('too big for the store is 413', async () => {
    const error = await failure(create(configMap({ data: { x: 'x'.repeat(1.6 * 1024 * 1024) } })));
    expect(error).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
  });
});

describe('update', () => {
  const update = (object: V1ConfigMap, more = {}) => made.configMaps.update(made.context(), key, object, more);

  test('with the current version changes it, with an old one is refused', async () => {
    const { object } = await create();
    const next = { ...object, data: { x: '2' } };
    const { entry } = await update({ ...next, metadata: { ...object.metadata } });
    expect(Number(entry.object.metadata.resourceVersion)).toBeGreaterThan(Number(object.metadata.resourceVersion));
    const error = await failure(update({ ...next, metadata: { ...object.metadata } }));
    expect(error.status).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  test('without a version replaces whatever is there', async () => {
    await create();
    await update(configMap({ data: { x: '2' } }));
    await update(configMap({ data: { x: '3' } }));
    expect((await stored()).data).toEqual({ x: '3' });
  });

  test('keeps identity and creation time', async () => {
    const { object } = await create();
    const { entry } = await update(configMap({ data: { y: '1' } }));
    expect(entry.object.metadata).toMatchObject({
      uid: object.metadata.uid,
      creationTimestamp: object.metadata.creationTimestamp,
      namespace,
    });
  });

  test('that changes nothing writes nothing, whatever the order of the fields', async () => {
    await create(configMap({ data: { a: '1', b: '2' } }));
    const before = await made.store.currentRevision();
    const { entry } = await update(configMap({ data: { b: '2', a: '1' } }));
    expect(await made.store.currentRevision()).toBe(before);
    expect(entry).toBe(await made.configMaps.get(made.context(), key, {}));
  });

  test('of what is not there is 404', async () => {
    expect((await failure(update(configMap()))).status.message).toBe('configmaps "a" not found');
  });

  test('of another uid or name is refused', async () => {
    const { object } = await create();
    const uid = await failure(update({ metadata: { name: 'a', uid: 'other' } }));
    expect(uid.status.message).toBe(
      `Operation cannot be fulfilled on configmaps "a": Precondition failed: UID in precondition: other, UID in object meta: ${object.metadata.uid}`,
    );
    const name = await failure(update({ metadata: { name: 'b' } }));
    expect(name.status).toMatchObject({
      code: 400,
      message: 'the name of the object (b) does not match the name on the URL (a)',
    });
  });

  test('runs the rules of change', async () => {
    await create(configMap({ immutable: true }));
    expect((await failure(update(configMap()))).status).toMatchObject({ code: 422 });
  });

  test('as a dry run answers the change and stores nothing', async () => {
    const { revision } = await create();
    const { entry } = await update(configMap({ data: { x: '2' } }), { dryRun: true });
    expect(entry.object).toMatchObject({ data: { x: '2' }, metadata: { resourceVersion: String(revision) } });
    expect((await stored()).data).toEqual({ x: '1' });
  });

  test('needs a version where the kind says so', async () => {
    const nodes = made.core.registry('', 'v1', 'nodes');
    await nodes?.create(made.context(), { metadata: { name: 'n' } }, {});
    const error = await failure(
      nodes?.update(made.context(), { name: 'n' }, { metadata: { name: 'n' } }, {}) ?? Promise.resolve(),
    );
    expect(error.status).toMatchObject({ code: 422 });
    expect(error.status.message).toContain(
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
  });

  test('works on what another server wrote a moment ago, although the cache is behind', async () => {
    const { object } = await create();
    const value = Buffer.from(
      JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined }, data: { x: '9' } }),
    );
    const { revision } = await made.store.update(
      '/registry/configmaps/default/a',
      value,
      Number(object.metadata.resourceVersion),
    );
    const wanted = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(revision) },
      data: { x: '10' },
    };
    expect((await update(wanted)).entry.object.data).toEqual({ x: '10' });
  });
});

describe('modify', () => {
  const add = (more = {}) =>
    made.configMaps.modify(
      made.context(),
      key,
      (current) => ({ ...current, data: { count: String(Number(current.data?.count ?? 0) + 1) } }),
      more,
    );

  test('by many at once loses nothing', async () => {
    await create();
    await Promise.all(Array.from({ length: 20 }, () => add()));
    expect((await stored()).data).toEqual({ count: '20' });
  });

  test('gets a copy that it may change', async () => {
    const { object } = await create();
    await made.configMaps.modify(
      made.context(),
      key,
      (current) => {
        current.data = { ...current.data, y: '2' };
        if (current.metadata) current.metadata.labels = { l: '1' };
        return current;
      },
      {},
    );
    expect(object.data).toEqual({ x: '1' });
    expect(await stored()).toMatchObject({ data: { x: '1', y: '2' }, metadata: { labels: { l: '1' } } });
  });

  test('that asks for another version is refused', async () => {
    await create();
    const error = await failure(
      made.configMaps.modify(
        made.context(),
        key,
        (current) => ({ ...current, metadata: { ...current.metadata, resourceVersion: '1' } }),
        {},
      ),
    );
    expect(error.reason).toBe('Conflict');
  });

  test('of the status leaves the rest, of the rest leaves the status', async () => {
    const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await made.pods.create(made.context(), pod, { namespace });
    const change = { spec: { containers: [], nodeName: 'n' }, status: { phase: 'Running' } };
    const status = await made.pods.modify(made.context(), key, (now) => ({ ...now, ...change }), {
      subresource: 'status',
    });
    expect(status.entry.object).toMatchObject({ spec: pod.spec, status: { phase: 'Running' } });
    const spec = await made.pods.modify(
      made.context(),
      key,
      (now) => ({ ...now, spec: { containers: pod.spec.containers, nodeName: 'n' }, status: {} }),
      {},
    );
    expect(spec.entry.object).toMatchObject({ spec: { nodeName: 'n' }, status: { phase: 'Running' } });
  });
});

describe('admission', () => {
  test('may change and refuse', async () => {
    const seen: string[] = [];
    const own = await startTestCore({
      admission: [
        {
          name: 'labels',
          async admit({ operation, definition, object, key, subresource }) {
            seen.push([operation, definition.type.resource, key.name, subresource].filter(Boolean).join(' '));
            if (object?.metadata) object.metadata.labels = { ...object.metadata.labels, admitted: 'yes' };
            if (key.name === 'never') throw new StatusError(403, 'Forbidden', 'never');
          },
        },
      ],
    });
    const { entry } = await own.configMaps.create(own.context(), configMap(), { namespace });
    expect(entry.object.metadata.labels).toEqual({ admitted: 'yes' });
    await own.configMaps.update(own.context(), key, configMap({ data: {} }), {});
    await own.configMaps.delete(own.context(), key, {});
    expect(seen).toEqual([
      'CREATE namespaces default',
      'CREATE configmaps a',
      'UPDATE configmaps a',
      'DELETE configmaps a',
    ]);
    const refused = own.configMaps.create(own.context(), configMap({ metadata: { name: 'never' } }), { namespace });
    expect((await failure(refused)).code).toBe(403);
    await own.stop();
  });
});
