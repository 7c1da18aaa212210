import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { daemonSets, deployments, nodes, podDisruptionBudgets, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';
import { describeBlocker } from './blockers.ts';
import { drainNode } from './drain.ts';
import { DrainError, type DrainEvent, type DrainOptions } from './options.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
  await bed.done(bed.client.create(nodes, { metadata: { name: 'n1' }, status: { conditions: [] } }));
});
afterEach(() => bed.stop());

const namespace = 'default';
const labels = { app: 'web' };
const spec = { containers: [{ name: 'main', image: 'x' }] };

async function place(pod: Stored<V1Pod>): Promise<void> {
  const { name } = pod.metadata;
  const binding = { metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: 'n1' } };
  await bed.done(bed.client.createSubresource(pods, { namespace, name }, 'binding', binding));
  const placed = await bed.client.get(pods, { namespace, name });
  const conditions = [{ type: 'Ready', status: 'True' }];
  await bed.done(bed.client.updateStatus(pods, { ...placed, status: { phase: 'Running', conditions } }));
}

async function bare(name: string, more: Partial<NonNullable<V1Pod['spec']>> = {}): Promise<void> {
  await place(await bed.done(bed.client.create(pods, { metadata: { name, namespace }, spec: { ...spec, ...more } })));
}

async function web(replicas: number): Promise<void> {
  const selector = { matchLabels: labels };
  const template = { metadata: { labels }, spec };
  const metadata = { name: 'web', namespace };
  await bed.done(bed.client.create(deployments, { metadata, spec: { replicas, selector, template } }));
  await bed.clock.advance(1_000);
  for (const pod of (await bed.client.list(pods, { namespace })).items) await place(pod);
}

const budget = (minAvailable: number) =>
  bed.done(
    bed.client.create(podDisruptionBudgets, {
      metadata: { name: 'web', namespace },
      spec: { minAvailable, selector: { matchLabels: labels } },
    }),
  );

interface Drain {
  readonly events: readonly DrainEvent[];
  readonly outcome: Promise<unknown>;
  readonly kinds: () => string[];
}

/** Runs beside the virtual clock; `outcome` is undefined, or the error. */
function drain(options: Partial<DrainOptions> = {}): Drain {
  const events: DrainEvent[] = [];
  const { signal } = new AbortController();
  const outcome = drainNode(
    bed.client,
    'n1',
    { clock: bed.clock, ...options },
    (event) => events.push(event),
    signal,
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { events, outcome, kinds: () => events.map(({ kind }) => kind) };
}

/** Stands in for the node: what goes has ended. */
async function endPods(): Promise<void> {
  for (const { metadata } of (await bed.client.list(pods, { namespace })).items) {
    if (!metadata.deletionTimestamp) continue;
    await bed.done(bed.client.delete(pods, { namespace, name: metadata.name }, { gracePeriodSeconds: 0 }));
  }
}

const unschedulable = async () => (await bed.client.get(nodes, { name: 'n1' })).spec?.unschedulable;

describe('a drain', () => {
  it('cordons the node, evicts its pods and waits until they are gone', async () => {
    await web(2);
    const running = drain();
    await bed.clock.advance(3_000);
    expect(await unschedulable()).toBe(true);
    expect(running.kinds()).toEqual(['cordoned', 'evicting', 'evicting']);
    await endPods();
    await bed.clock.advance(3_000);
    expect(await running.outcome).toBeUndefined();
    expect(running.kinds()).toEqual(['cordoned', 'evicting', 'evicting', 'gone', 'gone', 'drained']);
  });

  it('says which budget is in the way and how many are missing, and goes on when it agrees', async () => {
    await web(2);
    await budget(2);
    await bed.clock.advance(1_000);
    const running = drain();
    await bed.clock.advance(3_000);
    const blocked = running.events.find((event) => event.kind === 'blocked');
    expect(blocked?.kind === 'blocked' && blocked.why.budgets).toEqual([
      { name: 'web', desired: 2, healthy: 2, expected: 2 },
    ]);
    const current = await bed.client.get(podDisruptionBudgets, { namespace, name: 'web' });
    await bed.done(bed.client.update(podDisruptionBudgets, { ...current, spec: { ...current.spec, minAvailable: 0 } }));
    await bed.clock.advance(6_000);
    await endPods();
    await bed.clock.advance(3_000);
    expect(await running.outcome).toBeUndefined();
  });

  it('gives up when the time is over, and names what is still there and why', async () => {
    await web(2);
    await budget(2);
    await bed.clock.advance(1_000);
    const running = drain({ timeoutMs: 12_000 });
    await bed.clock.advance(20_000);
    const error = await running.outcome;
    expect(error).toBeInstanceOf(DrainError);
    expect(String(error)).toMatch(
      /global timeout reached: 12s; still there: default\/web-\S+ \(budget web needs 2 healthy pods and has 2 of 2, so that none may ever be missing/,
    );
    expect(running.kinds().filter((kind) => kind === 'blocked')).toHaveLength(6);
    expect(await unschedulable()).toBe(true);
  });

  it('asks no budget when told so', async () => {
    await web(1);
    await budget(1);
    const running = drain({ disableEviction: true, gracePeriodSeconds: 0 });
    await bed.clock.advance(3_000);
    expect(await running.outcome).toBeUndefined();
    expect(running.events).toContainEqual(expect.objectContaining({ kind: 'gone', deleted: true }));
  });

  it('does nothing before the user has agreed to what is lost, and says it in kubectl’s words', async () => {
    await bare('alone');
    await bare('cache', { volumes: [{ name: 'data', emptyDir: {} }] });
    const refused = drain();
    await bed.clock.advance(1_000);
    expect(String(await refused.outcome)).toBe(
      'DrainError: [cannot delete Pods that declare no controller (use --force to override): default/alone, cannot delete Pods with local storage (use --delete-emptydir-data to override): default/cache]',
    );
    expect((await bed.client.list(pods, { namespace })).items).toHaveLength(2);
    const agreed = drain({ force: true, deleteEmptyDirData: true, gracePeriodSeconds: 0 });
    await bed.clock.advance(3_000);
    expect(await agreed.outcome).toBeUndefined();
    expect(agreed.events).toContainEqual({
      kind: 'warning',
      message:
        'deleting Pods that declare no controller: default/alone, default/cache; deleting Pods with local storage: default/cache',
    });
  });

  it('leaves the pods of daemon sets where they are', async () => {
    const selector = { matchLabels: { app: 'agent' } };
    const tolerations = [{ operator: 'Exists' }];
    const template = { metadata: { labels: { app: 'agent' } }, spec: { ...spec, tolerations } };
    await bed.done(
      bed.client.create(daemonSets, { metadata: { name: 'agent', namespace }, spec: { selector, template } }),
    );
    await bed.clock.advance(2_000);
    const [pod] = (await bed.client.list(pods, { namespace })).items;
    if (!pod) throw new Error('there is a daemon');
    await place(pod);
    const refused = drain();
    await bed.clock.advance(1_000);
    expect(String(await refused.outcome)).toContain(
      `cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/${pod.metadata.name}`,
    );
    const running = drain({ ignoreDaemonSets: true });
    await bed.clock.advance(1_000);
    expect(await running.outcome).toBeUndefined();
    expect(running.kinds()).toEqual(['cordoned', 'warning', 'drained']);
    expect(
      (await bed.client.get(pods, { namespace, name: pod.metadata.name })).metadata.deletionTimestamp,
    ).toBeUndefined();
  });

  it('changes nothing when it is only tried', async () => {
    await web(1);
    for (const dryRun of ['client', 'server'] as const) {
      const tried = drain({ dryRun });
      await bed.clock.advance(1_000);
      expect(await tried.outcome).toBeUndefined();
    }
    expect(await unschedulable()).toBeUndefined();
    const [pod] = (await bed.client.list(pods, { namespace })).items;
    expect(pod?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('of a node that is not there is an error', async () => {
    const { signal } = new AbortController();
    const missing = drainNode(bed.client, 'n9', { clock: bed.clock }, () => undefined, signal);
    await expect(missing).rejects.toThrow('nodes "n9" not found');
  });
});

describe('what blocks a drain', () => {
  const of = (desired: number, healthy: number, expected: number): string =>
    describeBlocker({ message: 'no', budgets: [{ name: 'web', desired, healthy, expected }] });

  it('is told with how many are missing', () => {
    expect(of(2, 2, 3)).toBe('budget web needs 2 healthy pods and has 2: 1 more must become ready');
    expect(of(2, 1, 4)).toBe('budget web needs 2 healthy pods and has 1: 2 more must become ready');
    expect(of(1, 1, 1)).toContain('so that none may ever be missing');
    expect(of(1, 2, 3)).toContain('another of its pods is on its way out');
    expect(describeBlocker({ message: 'busy', budgets: [] })).toBe('busy');
  });
});
