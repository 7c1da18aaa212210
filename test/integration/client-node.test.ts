import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startControlPlane, type TestControlPlane } from '#test/harness/control-plane.ts';

let cluster: TestControlPlane;
let config: KubeConfig;
beforeAll(async () => {
  cluster = await startControlPlane();
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
});
afterAll(() => cluster.stop());

test('typed calls', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const apps = config.makeApiClient(AppsV1Api);
  const namespace = 'default';
  const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' }, data: { k: 'v' } } });
  expect(made.metadata?.uid).toBeTruthy();
  expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'a', body: { ...made, data: { k: 'w' } } });
  expect(replaced.data).toEqual({ k: 'w' });
  await expect(core.replaceNamespacedConfigMap({ namespace, name: 'a', body: made })).rejects.toMatchObject({
    code: 409,
  });
  const patched = await core.patchNamespacedConfigMap({
    namespace,
    name: 'a',
    body: [{ op: 'add', path: '/data/x', value: 'y' }],
  });
  expect(patched.data).toEqual({ k: 'w', x: 'y' });
  expect((await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=a' })).items).toHaveLength(1);
  await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  const missing = await core.readNamespacedConfigMap({ namespace, name: 'a' }).catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(ApiException);
  expect(missing).toMatchObject({ code: 404 });
  const spec = {
    replicas: 0,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  };
  await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'd' }, spec } });
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' });
  expect(scale.spec?.replicas).toBe(0);
});

test('an informer sees what happens', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const namespace = 'kube-public';
  const seen: string[] = [];
  const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
    core.listNamespacedConfigMap({ namespace }),
  );
  informer.on('add', ({ metadata }) => seen.push(`add ${metadata?.name}`));
  informer.on('update', ({ metadata }) => seen.push(`update ${metadata?.name}`));
  informer.on('delete', ({ metadata }) => seen.push(`delete ${metadata?.name}`));
  await informer.start();
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' } } });
  await core.patchNamespacedConfigMap({
    namespace,
    name: 'a',
    body: [{ op: 'add', path: '/data', value: { x: 'y' } }],
  });
  await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  await expect.poll(() => seen.filter((one) => one.endsWith(' a'))).toEqual(['add a', 'update a', 'delete a']);
  await informer.stop();
});
