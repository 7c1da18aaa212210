import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Deployment, V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import { deployments, events, pods, replicaSets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';
import { podTemplateHash } from './template.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
});
afterEach(() => bed.stop());

const namespace = 'default';
const key = { namespace, name: 'web' };
const labels = { app: 'web' };
const template = (image: string) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image }] },
});
const make = (spec: Partial<NonNullable<V1Deployment['spec']>> = {}) =>
  bed.done(
    bed.client.create(deployments, {
      metadata: { name: 'web', namespace },
      spec: { replicas: 2, selector: { matchLabels: labels }, template: template('one'), ...spec },
    }),
  );
const change = async (to: (spec: NonNullable<V1Deployment['spec']>) => NonNullable<V1Deployment['spec']>) => {
  const current = await bed.client.get(deployments, key);
  if (!current.spec) throw new Error('no spec');
  await bed.done(bed.client.update(deployments, { ...current, spec: to(current.spec) }));
};
const sets = async (): Promise<readonly Stored<V1ReplicaSet>[]> =>
  (await bed.client.list(replicaSets, { namespace })).items.toSorted((a, b) => revision(a) - revision(b));
const revision = ({ metadata }: Stored<V1ReplicaSet>): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision']);
const told = async (): Promise<string[]> =>
  (await bed.client.list(events, { namespace })).items.map(({ reason, message }) => `${reason}: ${message}`);

/** Stands in for the nodes: every pod becomes ready. */
async function bringUp(rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const pod of (await bed.client.list(pods, { namespace })).items) {
      if (pod.status?.phase === 'Running') continue;
      const lastTransitionTime = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
      const status: V1Pod['status'] = { ...pod.status, phase: 'Running', conditions };
      await bed.done(bed.client.updateStatus(pods, { ...pod, status }));
    }
    await bed.clock.advance(500);
  }
}

describe('a deployment', () => {
  it('becomes a ReplicaSet and pods, and says so in the words of Kubernetes', async () => {
    await make();
    await bringUp();
    const [set] = await sets();
    const name = set?.metadata.name ?? '';
    expect(await told()).toContain(`ScalingReplicaSet: Scaled up replica set ${name} from 0 to 2`);
    const { status, metadata } = await bed.client.get(deployments, key);
    expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(status).toMatchObject({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 });
    expect(status?.conditions?.map(({ type, status: word, reason }) => `${type}=${word} ${reason}`).sort()).toEqual([
      'Available=True MinimumReplicasAvailable',
      'Progressing=True NewReplicaSetAvailable',
    ]);
    const [pod] = (await bed.client.list(pods, { namespace })).items;
    expect(pod?.metadata.generateName).toBe(`${name}-`);
    expect(pod?.metadata.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name, controller: true, blockOwnerDeletion: true },
    ]);
  });

  it('rolls out, and back to the ReplicaSet it had, with a new revision', async () => {
    await make();
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bringUp();
    const [first, second] = await sets();
    expect([first?.spec?.replicas, second?.spec?.replicas]).toEqual([0, 2]);
    await change((spec) => ({ ...spec, template: template('one') }));
    await bringUp();
    const after = await sets();
    expect(after).toHaveLength(2);
    expect(after.map(({ metadata, spec }) => [metadata.name, spec?.replicas])).toEqual([
      [second?.metadata.name, 0],
      [first?.metadata.name, 2],
    ]);
    expect(after[1]?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });

  it('does nothing about its template while paused, but scales', async () => {
    await make();
    await bringUp();
    await change((spec) => ({ ...spec, paused: true, template: template('two'), replicas: 3 }));
    await bringUp();
    expect((await sets()).map(({ spec }) => spec?.replicas)).toEqual([3]);
    await change((spec) => ({ ...spec, paused: false }));
    await bringUp();
    expect((await sets()).map(({ spec }) => spec?.replicas)).toEqual([0, 3]);
  });

  it('says when it is stuck', async () => {
    await make({ progressDeadlineSeconds: 5 });
    await bed.clock.advance(10_000);
    const { status } = await bed.client.get(deployments, key);
    const [set] = await sets();
    expect(status?.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${set?.metadata.name}" has timed out progressing.`,
    });
  });

  it('takes another name when its ReplicaSet’s is taken', async () => {
    const stranger = { metadata: { labels: { app: 'other' } }, spec: template('x').spec };
    // The hash is of the template as it is stored, defaults and all: it is asked of a first deployment.
    await make();
    await bed.clock.advance(1_000);
    const current = await bed.client.get(deployments, key);
    const name = `web-${podTemplateHash(current.spec?.template ?? {}, undefined)}`;
    expect((await sets())[0]?.metadata.name).toBe(name);
    await bed.done(bed.client.delete(deployments, key, { propagationPolicy: 'Background' }));
    await bed.clock.advance(5_000);
    const spec = { replicas: 0, selector: { matchLabels: { app: 'other' } }, template: stranger };
    await bed.done(bed.client.create(replicaSets, { metadata: { name, namespace }, spec }));
    await make();
    await bed.clock.advance(5_000);
    const names = (await sets()).map(({ metadata }) => metadata.name);
    expect(names).toHaveLength(2);
    expect((await bed.client.get(deployments, key)).status?.collisionCount).toBe(1);
  });

  it('adopts an orphan that matches, and lets go of what no longer does', async () => {
    await make();
    await bed.clock.advance(1_000);
    const [set] = await sets();
    const name = set?.metadata.name ?? '';
    await bed.done(bed.client.delete(deployments, key, { propagationPolicy: 'Orphan' }));
    await bed.clock.advance(1_000);
    expect((await sets())[0]?.metadata.ownerReferences ?? []).toEqual([]);
    const { metadata } = await make();
    await bed.clock.advance(1_000);
    expect((await sets()).map(({ metadata: of }) => [of.name, of.ownerReferences?.[0]?.uid])).toEqual([
      [name, metadata.uid],
    ]);
    const [pod] = (await bed.client.list(pods, { namespace })).items;
    if (!pod) throw new Error('there are pods');
    await bed.done(bed.client.update(pods, { ...pod, metadata: { ...pod.metadata, labels: { app: 'debug' } } }));
    await bed.clock.advance(1_000);
    const all = (await bed.client.list(pods, { namespace })).items;
    expect(all).toHaveLength(3);
    expect(all.find(({ metadata: of }) => of.name === pod.metadata.name)?.metadata.ownerReferences ?? []).toEqual([]);
  });
});
