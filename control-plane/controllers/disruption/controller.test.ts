import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1PodDisruptionBudget } from '#api/generated/types.ts';
import { deployments, events, jobs, podDisruptionBudgets, pods, statefulSets } from '#api/kinds.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
});
afterEach(() => bed.stop());

const namespace = 'default';
const labels = { app: 'web' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'x' }] } };
const budget = (spec: V1PodDisruptionBudget['spec']) =>
  bed.done(
    bed.client.create(podDisruptionBudgets, { metadata: { name: 'web', namespace }, spec: { selector, ...spec } }),
  );
const deployment = (replicas: number) =>
  bed.done(
    bed.client.create(deployments, { metadata: { name: 'web', namespace }, spec: { replicas, selector, template } }),
  );
const status = async () => {
  await bed.clock.advance(1_000);
  return (await bed.client.get(podDisruptionBudgets, { namespace, name: 'web' })).status;
};
const told = async (): Promise<string[]> =>
  (await bed.client.list(events, { namespace })).items.map(({ reason, message }) => `${reason}: ${message}`);

async function setReady(count: number): Promise<string[]> {
  await bed.clock.advance(2_000);
  const { items } = await bed.client.list(pods, { namespace });
  for (const [index, pod] of items.entries()) {
    const lastTransitionTime = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
    const conditions = [{ type: 'Ready', status: index < count ? 'True' : 'False', lastTransitionTime }];
    await bed.done(bed.client.updateStatus(pods, { ...pod, status: { ...pod.status, phase: 'Running', conditions } }));
  }
  return items.map(({ metadata }) => metadata.name);
}

describe('the status of a budget', () => {
  it('counts what there should be by the owners, and what is healthy', async () => {
    await deployment(5);
    await budget({ maxUnavailable: '30%' });
    await setReady(4);
    expect(await status()).toMatchObject({
      expectedPods: 5,
      // 30% of 5 rounds up to 2.
      desiredHealthy: 3,
      currentHealthy: 4,
      disruptionsAllowed: 1,
      observedGeneration: 1,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' }],
    });
    await setReady(3);
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    });
  });

  it('follows when its owners are scaled', async () => {
    await deployment(2);
    await budget({ maxUnavailable: 1 });
    await setReady(2);
    expect(await status()).toMatchObject({ expectedPods: 2, desiredHealthy: 1, disruptionsAllowed: 1 });
    const current = await bed.client.get(deployments, { namespace, name: 'web' });
    const spec = current.spec && { ...current.spec, replicas: 4 };
    await bed.done(bed.client.update(deployments, { ...current, ...(spec && { spec }) }));
    expect(await status()).toMatchObject({ expectedPods: 4, desiredHealthy: 3, disruptionsAllowed: 0 });
  });

  it('with a number of pods needs no owner', async () => {
    for (const name of ['a', 'b', 'c']) {
      await bed.done(bed.client.create(pods, { metadata: { name, namespace, labels }, spec: template.spec }));
    }
    await budget({ minAvailable: 2 });
    await setReady(3);
    expect(await status()).toMatchObject({
      expectedPods: 3,
      desiredHealthy: 2,
      currentHealthy: 3,
      disruptionsAllowed: 1,
    });
  });

  it('says so when pods have nobody who counts them', async () => {
    await bed.done(bed.client.create(pods, { metadata: { name: 'a', namespace, labels }, spec: template.spec }));
    await budget({ minAvailable: '50%' });
    expect(await status()).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
    expect((await told()).find((text) => text.startsWith('UnmanagedPods'))).toContain('(selector: app=web)');
  });

  it('allows nothing when the number cannot be worked out', async () => {
    const job = await bed.done(
      bed.client.create(jobs, {
        metadata: { name: 'j', namespace },
        spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      }),
    );
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: job.metadata.uid, controller: true };
    const metadata = { name: 'a', namespace, labels, ownerReferences: [owner] };
    await bed.done(bed.client.create(pods, { metadata, spec: template.spec }));
    await budget({ maxUnavailable: 1 });
    const message = 'jobs.batch does not implement the scale subresource';
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'SyncFailed', message }],
    });
    expect(await told()).toContain(
      `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`,
    );
  });

  it('waits two minutes for a pod whose eviction was granted, then counts it again', async () => {
    await bed.done(
      bed.client.create(statefulSets, {
        metadata: { name: 'web', namespace },
        spec: { replicas: 2, serviceName: 'web', selector, template, podManagementPolicy: 'Parallel' },
      }),
    );
    await budget({ maxUnavailable: 1 });
    const [first = ''] = await setReady(2);
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    const current = await bed.client.get(podDisruptionBudgets, { namespace, name: 'web' });
    const since = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
    const spent = { ...current.status, disruptionsAllowed: 0, disruptedPods: { [first]: since } };
    await bed.done(bed.client.updateStatus(podDisruptionBudgets, { ...current, status: spent }));
    expect(await status()).toMatchObject({
      currentHealthy: 1,
      disruptionsAllowed: 0,
      disruptedPods: { [first]: since },
    });
    await bed.clock.advance(121_000);
    const after = await status();
    expect(after).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect(after?.disruptedPods).toBeUndefined();
    expect(await told()).toContain(`NotDeleted: Pod was expected by PDB ${namespace}/web to be deleted but it wasn't`);
  });

  it('tells when it selects nothing', async () => {
    await budget({ minAvailable: 1 });
    expect(await status()).toMatchObject({ expectedPods: 0, desiredHealthy: 1, disruptionsAllowed: 0 });
    expect(await told()).toContain('NoPods: No matching pods found');
  });
});

it('takes back that a pod is about to go when nobody has deleted it', async () => {
  await bed.done(bed.client.create(pods, { metadata: { name: 'a', namespace }, spec: template.spec }));
  const pod = await bed.client.get(pods, { namespace, name: 'a' });
  const lastTransitionTime = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
  const conditions = [
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime },
  ];
  await bed.done(bed.client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } }));
  await bed.clock.advance(100_000);
  const read = async () => (await bed.client.get(pods, { namespace, name: 'a' })).status?.conditions?.[0]?.status;
  expect(await read()).toBe('True');
  await bed.clock.advance(30_000);
  expect(await read()).toBe('False');
});
