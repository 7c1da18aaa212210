import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';

let api: TestApiServer;
beforeEach(async () => {
  api = await startApiServer();
});
afterEach(() => api.stop());

const pods = '/api/v1/namespaces/default/pods';
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const ready = (status: string) => [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }];

async function addPod(name: string, isReady = 'True', phase = 'Running'): Promise<void> {
  const metadata = { name, labels: { app: 'web' } };
  await api.ask('POST', pods, { body: { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } } });
  const pod = Object((await api.ask('GET', `${pods}/${name}`)).json());
  const body = { ...pod, status: { ...pod.status, phase, conditions: ready(isReady) } };
  expect((await api.ask('PUT', `${pods}/${name}/status`, { body })).status).toBe(200);
}

/** The disruption controller does not run here: the test says what it would. */
async function addBudget(name: string, status: object, spec: object = {}): Promise<void> {
  const selector = { matchLabels: { app: 'web' } };
  const body = { metadata: { name }, spec: { minAvailable: 2, selector, ...spec } };
  const made = Object((await api.ask('POST', budgets, { body })).json());
  const full = { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, observedGeneration: 1 };
  await api.ask('PUT', `${budgets}/${name}/status`, { body: { ...made, status: { ...full, ...status } } });
}

const evict = (name: string, body: object = {}) => api.ask('POST', `${pods}/${name}/eviction`, { body });
const exists = async (name: string): Promise<boolean> => (await api.ask('GET', `${pods}/${name}`)).status === 200;
const message = "Cannot evict pod as it would violate the pod's disruption budget.";

describe('an eviction', () => {
  test('is granted once for each disruption that the budget allows', async () => {
    await addPod('a');
    await addPod('b');
    const conditions = [
      {
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    await addBudget('web', { disruptionsAllowed: 1, conditions });
    expect((await evict('a')).status).toBe(201);
    expect(await exists('a')).toBe(false);
    const budget = Object((await api.ask('GET', `${budgets}/web`)).json());
    expect(budget.status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'InsufficientPods' }],
    });
    expect(Object.keys(budget.status.disruptedPods)).toEqual(['a']);
    const refused = await evict('b');
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBeUndefined();
    expect(refused.json()).toMatchObject({
      reason: 'TooManyRequests',
      message,
      details: {
        causes: [
          { reason: 'DisruptionBudget', message: 'The disruption budget web needs 2 healthy pods and has 2 currently' },
        ],
      },
    });
    expect(await exists('b')).toBe(true);
  });

  test('waits for a budget that was just changed, and says for how long', async () => {
    await addPod('a');
    await addBudget('web', { disruptionsAllowed: 5, observedGeneration: 0 });
    const refused = await evict('a');
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '10']);
    expect(refused.text).toContain('The disruption budget web is still being processed by the server.');
  });

  test('tells why the budget could not be worked out', async () => {
    await addPod('a');
    const failed = {
      type: 'DisruptionAllowed',
      status: 'False',
      reason: 'SyncFailed',
      message: 'because',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await addBudget('web', { conditions: [failed] });
    expect((await evict('a')).text).toContain('does not allow evicting pods currently because it failed sync: because');
  });

  test('of a pod that is not ready goes by the policy', async () => {
    await addPod('sick', 'False');
    await addBudget('web', { currentHealthy: 1, desiredHealthy: 2 });
    expect((await evict('sick')).status).toBe(429);
    const budget = Object((await api.ask('GET', `${budgets}/web`)).json());
    const healthy = { ...budget, status: { ...budget.status, currentHealthy: 2 } };
    await api.ask('PUT', `${budgets}/web/status`, { body: healthy });
    expect((await evict('sick')).status).toBe(201);
    await addPod('sick', 'False');
    await api.ask('DELETE', `${budgets}/web`);
    await addBudget('web', { currentHealthy: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect((await evict('sick')).status).toBe(201);
  });

  test('of what has ended, or not begun, asks no budget', async () => {
    await addBudget('web', {});
    for (const phase of ['Pending', 'Succeeded', 'Failed']) {
      await addPod('p', 'False', phase);
      expect((await evict('p')).status, phase).toBe(201);
    }
  });

  test('may be asked for in the words of older clients', async () => {
    for (const apiVersion of ['policy/v1', 'policy/v1beta1']) {
      await addPod('a');
      expect((await evict('a', { apiVersion, kind: 'Eviction', metadata: { name: 'a' } })).status, apiVersion).toBe(
        201,
      );
    }
  });

  test('changes nothing when it is only tried', async () => {
    await addPod('a');
    await addBudget('web', { disruptionsAllowed: 1 });
    const tried = await api.ask('POST', `${pods}/a/eviction?dryRun=All`, { body: {} });
    expect(tried.status).toBe(201);
    const pod = Object((await api.ask('GET', `${pods}/a`)).json());
    expect(pod.status.conditions).toHaveLength(1);
    expect((await api.ask('GET', `${budgets}/web`)).json()).toMatchObject({ status: { disruptionsAllowed: 1 } });
  });

  test('changes nothing when it is only tried, as kubectl drain says it', async () => {
    await addPod('a');
    await addBudget('web', { disruptionsAllowed: 1 });
    expect((await evict('a', { deleteOptions: { dryRun: ['All'] } })).status).toBe(201);
    const pod = Object((await api.ask('GET', `${pods}/a`)).json());
    expect(pod.metadata.deletionTimestamp).toBeUndefined();
    expect(pod.status.conditions).toHaveLength(1);
    const budget = Object((await api.ask('GET', `${budgets}/web`)).json());
    expect(budget.status.disruptionsAllowed).toBe(1);
    expect(budget.status.disruptedPods).toBeUndefined();
  });

  test('of a pod that has another by its name now costs nothing', async () => {
    await addPod('a');
    await addBudget('web', { disruptionsAllowed: 1 });
    expect((await evict('a', { deleteOptions: { preconditions: { uid: 'former' } } })).status).toBe(409);
    const pod = Object((await api.ask('GET', `${pods}/a`)).json());
    expect(pod.status.conditions).toHaveLength(1);
    expect((await api.ask('GET', `${budgets}/web`)).json()).toMatchObject({ status: { disruptionsAllowed: 1 } });
  });

  test('marks a pod that takes its time, so that others see why it goes', async () => {
    await addPod('a');
    await api.ask('POST', `${pods}/a/binding`, { body: { target: { kind: 'Node', name: 'n1' } } });
    expect((await evict('a')).status).toBe(201);
    const pod = Object((await api.ask('GET', `${pods}/a`)).json());
    expect(pod.metadata.deletionTimestamp).toBeTruthy();
    expect(pod.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      }),
    );
  });

  test('is refused when two budgets claim the pod, when it is gone, and when it names another', async () => {
    await addPod('a');
    await addBudget('one', { disruptionsAllowed: 1 });
    await addBudget('two', { disruptionsAllowed: 1 });
    const refused = await evict('a');
    expect([refused.status, refused.text]).toEqual([
      500,
      expect.stringContaining(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      ),
    ]);
    expect((await evict('none')).status).toBe(404);
    expect((await evict('a', { metadata: { name: 'b' } })).status).toBe(400);
    const other = { deleteOptions: { preconditions: { uid: 'another' } } };
    await api.ask('DELETE', `${budgets}/two`);
    expect((await evict('a', other)).status).toBe(409);
  });
});
