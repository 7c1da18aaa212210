/** @kubernetes/client-node against a control plane on a real etcd that goes away and comes back. */
import {
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startControlPlane, type TestControlPlane } from '#test/harness/control-plane.ts';
import { startEtcd, type TestEtcd } from '#test/harness/etcd.ts';
import { eventually } from '#test/harness/eventually.ts';

let etcd: TestEtcd;
let first: TestControlPlane;
let second: TestControlPlane | undefined;
let config: KubeConfig;
let core: CoreV1Api;
const namespace = 'default';

beforeAll(async () => {
  etcd = await startEtcd();
  first = await startControlPlane({ store: { endpoints: etcd.endpoints } });
  config = await configOf(first);
  core = config.makeApiClient(CoreV1Api);
});

afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await etcd?.stop();
});

async function configOf(plane: TestControlPlane): Promise<KubeConfig> {
  const made = new KubeConfig();
  made.loadFromFile(plane.kubeconfig);
  return made;
}

/** The same server again: certificates and port of the first. */
const again = (port: number): Promise<TestControlPlane> => {
  const { ca, server, proxy } = first.certs;
  return startControlPlane({
    store: { endpoints: etcd.endpoints },
    certificates: { ca: ca.cert, server, node: proxy },
    listen: { host: '127.0.0.1', port },
  });
};

const write = (api: CoreV1Api, name: string) =>
  api.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name, labels: { of: 'informer' } }, data: { n: '1' } },
  });

test('patches of every kind, by header', async () => {
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'patched' }, data: { a: '1' } } });
  const patch = (body: object, strategy: (typeof PatchStrategy)[keyof typeof PatchStrategy]) =>
    core.patchNamespacedConfigMap({ namespace, name: 'patched', body }, setHeaderOptions('Content-Type', strategy));
  expect((await patch({ data: { a: null, b: '2' } }, PatchStrategy.MergePatch)).data).toEqual({ b: '2' });
  expect((await patch({ data: { c: '3' } }, PatchStrategy.StrategicMergePatch)).data).toEqual({ b: '2', c: '3' });
  expect((await patch([{ op: 'remove', path: '/data/b' }], PatchStrategy.JsonPatch)).data).toEqual({ c: '3' });
  await expect(patch([{ op: 'test', path: '/data/c', value: 'x' }], PatchStrategy.JsonPatch)).rejects.toMatchObject({
    code: 422,
  });
});

test('objects of any kind, untyped', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const spec = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'untyped', namespace } };
  expect(await objects.create({ ...spec, stringData: { a: 'b' } })).toMatchObject({
    metadata: { uid: expect.any(String) },
  });
  expect(await objects.read(spec)).toMatchObject({ data: { a: 'Yg==' } });
  expect((await objects.list('v1', 'Secret', namespace)).items.map((one) => one.metadata?.name)).toContain('untyped');
  expect(await objects.delete(spec)).toMatchObject({ status: 'Success' });
});

test('a watch from a resourceVersion sees exactly what came after it', async () => {
  const { metadata } = await core.listNamespacedConfigMap({ namespace });
  await write(core, 'watched');
  await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
  const seen: string[] = [];
  const watch = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { resourceVersion: metadata?.resourceVersion ?? '' },
    (phase, object: V1ConfigMap) => void seen.push(`${phase} ${object.metadata?.name}`),
    () => undefined,
  );
  await eventually(() => expect(seen).toEqual(['ADDED watched', 'DELETED watched']));
  watch.abort();
});

test('an informer outlives the server: nothing is lost, nothing comes twice', async () => {
  const added = new Map<string, number>();
  const deleted = new Map<string, number>();
  const updated = new Map<string, number>();
  const count = (map: Map<string, number>, { metadata }: V1ConfigMap): void => {
    const name = metadata?.name ?? '';
    map.set(name, (map.get(name) ?? 0) + 1);
  };
  const labelSelector = 'of=informer';
  const informer = makeInformer<V1ConfigMap>(
    config,
    `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector }),
    labelSelector,
  );
  informer.on('add', (object) => count(added, object));
  informer.on('update', (object) => count(updated, object));
  informer.on('delete', (object) => count(deleted, object));
  let stopped = false;
  let errors = 0;
  // As the library's own examples do it.
  const restart = (): void => {
    errors += 1;
    if (!stopped) setTimeout(() => void informer.start().catch(restart), 100);
  };
  informer.on('error', restart);
  await informer.start();

  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `one-${from + n}`);
  for (const name of names(0, 10)) await write(core, name);
  await eventually(() => expect([...added.keys()].sort()).toEqual(names(0, 10).sort()));

  // Another server on the same store writes while the informer's own is away.
  const { port } = first.plane;
  const other = await again(0);
  const elsewhere = new KubeConfig();
  elsewhere.loadFromOptions({
    clusters: [{ name: 'other', server: other.plane.url, caData: Buffer.from(first.certs.ca.cert).toString('base64') }],
    users: [
      {
        name: 'admin',
        certData: Buffer.from(first.certs.admin.cert).toString('base64'),
        keyData: Buffer.from(first.certs.admin.key).toString('base64'),
      },
    ],
    contexts: [{ name: 'other', cluster: 'other', user: 'admin' }],
    currentContext: 'other',
  });
  const otherCore = elsewhere.makeApiClient(CoreV1Api);
  await first.stop();
  for (const name of names(10, 15)) await write(otherCore, name);
  await otherCore.deleteNamespacedConfigMap({ namespace, name: 'one-3' });
  await otherCore.patchNamespacedConfigMap({
    namespace,
    name: 'one-5',
    body: [{ op: 'replace', path: '/data/n', value: '2' }],
  });
  second = await again(port);
  await other.stop();
  for (const name of names(15, 20)) await write(core, name);

  const left = names(0, 20).filter((name) => name !== 'one-3');
  await eventually(
    () => {
      expect(
        informer
          .list(namespace)
          .map((one) => one.metadata?.name)
          .sort(),
      ).toEqual([...left].sort());
      expect(informer.get('one-5', namespace)?.data).toEqual({ n: '2' });
    },
    { pending: () => ({ errors, added: Object.fromEntries(added) }) },
  );
  expect([...added.values()].every((times) => times === 1)).toBe(true);
  expect([...added.keys()].sort()).toEqual(names(0, 20).sort());
  expect(Object.fromEntries(deleted)).toEqual({ 'one-3': 1 });
  expect(Object.fromEntries(updated)).toEqual({ 'one-5': 1 });
  stopped = true;
  await informer.stop();
});
