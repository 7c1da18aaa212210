import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1DaemonSet, V1Pod, V1Taint } from '#api/generated/types.ts';
import { controllerRevisions, daemonSets, events, nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';
import { targetNodeOf } from './eligible.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
});
afterEach(() => bed.stop());

type Spec = NonNullable<V1DaemonSet['spec']>;

const namespace = 'default';
const key = { namespace, name: 'agent' };
const labels = { app: 'agent' };
/** Nobody reports for these nodes. */
const tolerations = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect: 'NoSchedule',
}));
const template = (image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }], tolerations },
});
const addNode = (name: string, zone = 'a', taints: V1Taint[] = []) =>
  bed.done(bed.client.create(nodes, { metadata: { name, labels: { zone } }, spec: { taints } }));
const make = (spec: Partial<Spec> = {}) =>
  bed.done(
    bed.client.create(daemonSets, {
      metadata: { name: 'agent', namespace },
      spec: { selector: { matchLabels: labels }, template: template('one'), ...spec },
    }),
  );
const change = async (to: (spec: Spec) => Spec) => {
  const current = await bed.client.get(daemonSets, key);
  if (!current.spec) throw new Error('no spec');
  await bed.done(bed.client.update(daemonSets, { ...current, spec: to(current.spec) }));
};
const all = async (): Promise<readonly Stored<V1Pod>[]> => (await bed.client.list(pods, { namespace })).items;
const where = async (): Promise<string[]> => (await all()).map((pod) => targetNodeOf(pod) ?? '').sort();
const images = async (): Promise<string[]> =>
  (await all()).map((pod) => `${targetNodeOf(pod)}=${pod.spec?.containers[0]?.image}`).sort();
const status = async () => (await bed.client.get(daemonSets, key)).status;
const told = async (): Promise<string[]> =>
  (await bed.client.list(events, { namespace })).items.map(({ reason, message }) => `${reason}: ${message}`);

async function report(pod: Stored<V1Pod>, phase: string, ready: boolean): Promise<void> {
  const lastTransitionTime = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }];
  await bed.done(bed.client.updateStatus(pods, { ...pod, status: { ...pod.status, phase, conditions } }));
}

/** Stands in for the nodes: every pod becomes ready. */
async function bringUp(rounds = 8): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const pod of await all()) if (pod.status?.phase !== 'Running') await report(pod, 'Running', true);
    await bed.clock.advance(1_200);
  }
}

describe('a daemon set', () => {
  it('has one pod on every node, also on those that come later, and none on those that go', async () => {
    await addNode('n1');
    await addNode('n2');
    await make();
    await bringUp();
    expect(await where()).toEqual(['n1', 'n2']);
    await addNode('n3');
    await bringUp();
    expect(await where()).toEqual(['n1', 'n2', 'n3']);
    expect(await status()).toEqual({
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      desiredNumberScheduled: 3,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
    await bed.done(bed.client.delete(nodes, { name: 'n2' }));
    await bringUp();
    expect(await where()).toEqual(['n1', 'n3']);
  });

  it('makes pods that only their node can take, and that stay through its troubles', async () => {
    await addNode('n1');
    await make();
    await bed.clock.advance(1_500);
    const [pod] = await all();
    const [revision] = (await bed.client.list(controllerRevisions, { namespace })).items;
    const hash = revision?.metadata.labels?.['controller-revision-hash'];
    expect(revision?.metadata.name).toBe(`agent-${hash}`);
    expect(pod?.metadata).toMatchObject({
      generateName: 'agent-',
      labels: { app: 'agent', 'controller-revision-hash': hash, 'pod-template-generation': '1' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', controller: true }],
    });
    expect(pod?.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toEqual({
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
    });
    const texts = pod?.spec?.tolerations?.map((one) => `${one.key}:${one.effect}:${one.tolerationSeconds ?? ''}`);
    expect(texts).toEqual(
      [
        ['not-ready', 'NoSchedule'],
        ['unreachable', 'NoSchedule'],
        ['not-ready', 'NoExecute'],
        ['unreachable', 'NoExecute'],
        ['disk-pressure', 'NoSchedule'],
        ['memory-pressure', 'NoSchedule'],
        ['pid-pressure', 'NoSchedule'],
        ['unschedulable', 'NoSchedule'],
      ].map(([name, effect]) => `node.kubernetes.io/${name}:${effect}:`),
    );
    expect(await told()).toContain(`SuccessfulCreate: Created pod: ${pod?.metadata.name}`);
  });

  it('keeps to the nodes that its template chooses and tolerates', async () => {
    await addNode('n1');
    await addNode('n2', 'b');
    await addNode('n3', 'a', [{ key: 'gpu', effect: 'NoSchedule' }]);
    await make({ template: { ...template('one'), spec: { ...template('one').spec, nodeSelector: { zone: 'a' } } } });
    await bringUp();
    expect(await where()).toEqual(['n1']);
    const node = await bed.client.get(nodes, { name: 'n1' });
    await bed.done(bed.client.update(nodes, { ...node, metadata: { ...node.metadata, labels: { zone: 'b' } } }));
    await bringUp(3);
    expect(await where()).toEqual([]);
    const gpu = await bed.client.get(nodes, { name: 'n3' });
    await bed.done(bed.client.update(nodes, { ...gpu, spec: { ...gpu.spec, taints: [] } }));
    await bringUp(3);
    expect(await where()).toEqual(['n3']);
  });

  it('rolls out node by node, and back', async () => {
    for (const name of ['n1', 'n2', 'n3']) await addNode(name);
    await make();
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bed.clock.advance(3_000);
    expect(await images()).toEqual(['n1=two', 'n2=one', 'n3=one']);
    expect(await status()).toMatchObject({ updatedNumberScheduled: 1, numberReady: 2, numberUnavailable: 1 });
    await bringUp();
    expect(await images()).toEqual(['n1=two', 'n2=two', 'n3=two']);
    const before = (await bed.client.list(controllerRevisions, { namespace })).items;
    await change((spec) => ({ ...spec, template: template('one') }));
    await bringUp();
    expect(await images()).toEqual(['n1=one', 'n2=one', 'n3=one']);
    const after = (await bed.client.list(controllerRevisions, { namespace })).items;
    expect(after.map(({ metadata }) => metadata.name).sort()).toEqual(
      before.map(({ metadata }) => metadata.name).sort(),
    );
    expect(after.map(({ revision }) => revision).sort()).toEqual([2, 3]);
    expect((await all())[0]?.metadata.labels?.['pod-template-generation']).toBe('3');
  });

  it('with a surge brings the new pod first, and takes the old one when that is ready', async () => {
    await addNode('n1');
    await make({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bed.clock.advance(3_000);
    expect(await images()).toEqual(['n1=one', 'n1=two']);
    await bringUp();
    expect(await images()).toEqual(['n1=two']);
  });

  it('replaces a pod that failed, later and later', async () => {
    await addNode('n1');
    await make();
    await bringUp(2);
    const lives: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const [pod] = await all();
      if (!pod) throw new Error('there is a pod');
      await report(pod, 'Failed', false);
      const sinceMs = bed.clock.now();
      while ((await all())[0]?.metadata.uid === pod.metadata.uid) await bed.clock.advance(100);
      lives.push(bed.clock.now() - sinceMs);
      await bed.clock.advance(100);
    }
    expect(lives[0]).toBeLessThan(1_000);
    expect(lives[3]).toBeGreaterThan((lives[2] ?? 0) * 1.5);
    expect((await told()).filter((text) => text.includes('Found failed daemon pod default/agent-'))[0]).toMatch(
      /^FailedDaemonPod: .* on node n1, will try to kill it$/,
    );
  });

  it('leaves pods alone with OnDelete until somebody deletes them', async () => {
    await addNode('n1');
    await make({ updateStrategy: { type: 'OnDelete' } });
    await bringUp(2);
    await change((spec) => ({ ...spec, template: template('two') }));
    await bringUp(3);
    expect(await images()).toEqual(['n1=one']);
    const [pod] = await all();
    await bed.done(bed.client.delete(pods, { namespace, name: pod?.metadata.name ?? '' }));
    await bringUp(3);
    expect(await images()).toEqual(['n1=two']);
  });
});
