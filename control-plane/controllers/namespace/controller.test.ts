import { afterEach, beforeEach, expect, it } from 'vitest';
import { configMaps, deployments, namespaces, pods, secrets, serviceAccounts } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers({ rootCa: 'PEM' });
});
afterEach(() => bed.stop());

const name = 'shop';
const makeNamespace = () => bed.done(bed.client.create(namespaces, { metadata: { name } }));
const isGone = async (): Promise<boolean> => {
  try {
    await bed.client.get(namespaces, { name });
    return false;
  } catch (error) {
    return isNotFound(error);
  }
};

it('gives a namespace its service account and the CA, again if somebody deletes them', async () => {
  await makeNamespace();
  await bed.clock.advance(1_000);
  for (const round of [1, 2]) {
    const account = await bed.client.get(serviceAccounts, { namespace: name, name: 'default' });
    expect(account.metadata.uid, `round ${round}`).toBeTruthy();
    const ca = await bed.client.get(configMaps, { namespace: name, name: 'kube-root-ca.crt' });
    expect(ca.data).toEqual({ 'ca.crt': 'PEM' });
    await bed.done(bed.client.delete(serviceAccounts, { namespace: name, name: 'default' }));
    await bed.clock.advance(1_000);
  }
});

it('empties a namespace of everything, whoever keeps making it, before it lets it go', async () => {
  await makeNamespace();
  await bed.done(bed.client.create(secrets, { metadata: { namespace: name, name: 's' } }));
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template };
  await bed.done(bed.client.create(deployments, { metadata: { namespace: name, name: 'web' }, spec }));
  await bed.clock.advance(2_000);
  expect((await bed.client.list(pods, { namespace: name })).items).toHaveLength(3);
  await bed.done(bed.client.delete(namespaces, { name }));
  await bed.clock.advance(30_000);
  expect(await isGone()).toBe(true);
  expect((await bed.client.list(pods, {})).items).toEqual([]);
  expect((await bed.client.list(secrets, {})).items).toEqual([]);
});

it('says what it waits for', async () => {
  await makeNamespace();
  const finalizers = ['example.com/hold'];
  await bed.done(bed.client.create(configMaps, { metadata: { namespace: name, name: 'kept', finalizers } }));
  await bed.done(bed.client.delete(namespaces, { name }));
  await bed.clock.advance(10_000);
  const { status } = await bed.client.get(namespaces, { name });
  expect(status?.phase).toBe('Terminating');
  const remaining = status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining');
  expect(remaining).toMatchObject({
    status: 'True',
    message: 'Some resources are remaining: configmaps has 1 resource instances',
  });
  const kept = await bed.client.get(configMaps, { namespace: name, name: 'kept' });
  await bed.done(bed.client.update(configMaps, { ...kept, metadata: { ...kept.metadata, finalizers: [] } }));
  await bed.clock.advance(10_000);
  expect(await isGone()).toBe(true);
});
