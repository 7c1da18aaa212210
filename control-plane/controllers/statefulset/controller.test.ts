import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Pod, V1StatefulSet } from '#api/generated/types.ts';
import { controllerRevisions, events, persistentVolumeClaims, pods, statefulSets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
});
afterEach(() => bed.stop());

type Spec = NonNullable<V1StatefulSet['spec']>;

const namespace = 'default';
const key = { namespace, name: 'web' };
const labels = { app: 'web' };
const template = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: 'main', image }] } });
const make = (spec: Partial<Spec> = {}) =>
  bed.done(
    bed.client.create(statefulSets, {
      metadata: { name: 'web', namespace },
      spec: { replicas: 3, selector: { matchLabels: labels }, serviceName: 'web', template: template('one'), ...spec },
    }),
  );
const change = async (to: (spec: Spec) => Spec) => {
  const current = await bed.client.get(statefulSets, key);
  if (!current.spec) throw new Error('no spec');
  await bed.done(bed.client.update(statefulSets, { ...current, spec: to(current.spec) }));
};
const members = async (): Promise<readonly Stored<V1Pod>[]> =>
  (await bed.client.list(pods, { namespace })).items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
const names = async (): Promise<string[]> => (await members()).map(({ metadata }) => metadata.name);
const images = async (): Promise<(string | undefined)[]> =>
  (await members()).map(({ spec }) => spec?.containers[0]?.image);
const revisions = async () =>
  (await bed.client.list(controllerRevisions, { namespace })).items.toSorted((a, b) => a.revision - b.revision);
const told = async (): Promise<string[]> =>
  (await bed.client.list(events, { namespace })).items.map(({ reason, message }) => `${reason}: ${message}`);
const status = async () => (await bed.client.get(statefulSets, key)).status;

async function setReady(name: string, ready = true): Promise<void> {
  const pod = await bed.client.get(pods, { namespace, name });
  const lastTransitionTime = new Date(bed.clock.now()).toISOString().replace(/\.\d+/, '');
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }];
  await bed.done(bed.client.updateStatus(pods, { ...pod, status: { ...pod.status, phase: 'Running', conditions } }));
}

/** Stands in for the nodes: every pod becomes ready. */
async function bringUp(rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const pod of await members()) if (pod.status?.phase !== 'Running') await setReady(pod.metadata.name);
    await bed.clock.advance(1_500);
  }
}

describe('a stateful set', () => {
  it('makes one pod after the other, each with its identity, and says so in the words of Kubernetes', async () => {
    await make();
    await bed.clock.advance(5_000);
    expect(await names()).toEqual(['web-0']);
    await setReady('web-0');
    await bed.clock.advance(5_000);
    expect(await names()).toEqual(['web-0', 'web-1']);
    await bringUp();
    expect(await names()).toEqual(['web-0', 'web-1', 'web-2']);
    const [revision] = await revisions();
    const name = revision?.metadata.name ?? '';
    expect((await members())[1]).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: {
          app: 'web',
          'apps.kubernetes.io/pod-index': '1',
          'controller-revision-hash': name,
          'statefulset.kubernetes.io/pod-name': 'web-1',
        },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true }],
      },
      spec: { hostname: 'web-1', subdomain: 'web' },
    });
    expect(await told()).toEqual(
      expect.arrayContaining(
        [0, 1, 2].map((n) => `SuccessfulCreate: create Pod web-${n} in StatefulSet web successful`),
      ),
    );
    expect(revision).toMatchObject({
      metadata: { labels: { app: 'web', 'controller.kubernetes.io/hash': name.slice('web-'.length) } },
      data: { spec: { template: { $patch: 'replace', spec: { containers: [{ image: 'one' }] } } } },
      revision: 1,
    });
    expect(await status()).toEqual({
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      currentRevision: name,
      updateRevision: name,
      collisionCount: 0,
    });
  });

  it('makes and removes all at once when it is parallel', async () => {
    await make({ podManagementPolicy: 'Parallel' });
    await bed.clock.advance(2_000);
    expect(await names()).toEqual(['web-0', 'web-1', 'web-2']);
    await change((spec) => ({ ...spec, replicas: 0 }));
    await bed.clock.advance(2_000);
    expect(await names()).toEqual([]);
  });

  it('rolls out from the highest ordinal, one at a time, and back to the revision it had', async () => {
    await make();
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bed.clock.advance(3_000);
    expect(await images()).toEqual(['one', 'one', 'two']);
    const during = await status();
    expect(during).toMatchObject({ currentReplicas: 2, updatedReplicas: 1, readyReplicas: 2 });
    expect(during?.currentRevision).not.toBe(during?.updateRevision);
    await setReady('web-2');
    await bed.clock.advance(3_000);
    expect(await images()).toEqual(['one', 'two', 'two']);
    await bringUp();
    expect(await images()).toEqual(['two', 'two', 'two']);
    const after = await status();
    expect([after?.currentRevision, after?.currentReplicas]).toEqual([during?.updateRevision, 3]);
    const [first, second] = await revisions();
    await change((spec) => ({ ...spec, template: template('one') }));
    await bringUp();
    expect(await images()).toEqual(['one', 'one', 'one']);
    expect((await revisions()).map(({ metadata, revision }) => [metadata.name, revision])).toEqual([
      [second?.metadata.name, 2],
      [first?.metadata.name, 3],
    ]);
  });

  it('keeps what is below the partition on the current revision, even when it is made anew', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
    await make({ updateStrategy });
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bringUp();
    expect(await images()).toEqual(['one', 'one', 'two']);
    await bed.done(bed.client.delete(pods, { namespace, name: 'web-0' }));
    await bringUp();
    expect(await images()).toEqual(['one', 'one', 'two']);
    await change((spec) => ({ ...spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } }));
    await bringUp();
    expect(await images()).toEqual(['two', 'two', 'two']);
  });

  it('leaves pods alone with OnDelete until somebody deletes them', async () => {
    await make({ updateStrategy: { type: 'OnDelete' } });
    await bringUp();
    await change((spec) => ({ ...spec, template: template('two') }));
    await bringUp();
    expect(await images()).toEqual(['one', 'one', 'one']);
    await bed.done(bed.client.delete(pods, { namespace, name: 'web-1' }));
    await bringUp();
    expect(await images()).toEqual(['one', 'two', 'one']);
  });

  it('scales down from the top, and up from its first ordinal', async () => {
    await make({ ordinals: { start: 5 } });
    await bringUp();
    expect(await names()).toEqual(['web-5', 'web-6', 'web-7']);
    await change((spec) => ({ ...spec, replicas: 1 }));
    await bringUp();
    expect(await names()).toEqual(['web-5']);
    const deleted = (await told()).filter((text) => text.startsWith('SuccessfulDelete'));
    expect(deleted).toEqual([
      'SuccessfulDelete: delete Pod web-7 in StatefulSet web successful',
      'SuccessfulDelete: delete Pod web-6 in StatefulSet web successful',
    ]);
  });

  it('waits until a pod that goes is gone before it makes the next of that ordinal', async () => {
    await make({ replicas: 1 });
    await bringUp();
    const pod = await bed.client.get(pods, { namespace, name: 'web-0' });
    const binding = { metadata: { name: 'web-0' }, target: { apiVersion: 'v1', kind: 'Node', name: 'n1' } };
    await bed.done(bed.client.createSubresource(pods, { namespace, name: 'web-0' }, 'binding', binding));
    await bed.done(bed.client.delete(pods, { namespace, name: 'web-0' }));
    await bed.clock.advance(20_000);
    const still = await members();
    expect(still.map(({ metadata }) => metadata.uid)).toEqual([pod.metadata.uid]);
    expect(await status()).toMatchObject({ replicas: 1 });
    await bed.done(bed.client.delete(pods, { namespace, name: 'web-0' }, { gracePeriodSeconds: 0 }));
    await bed.clock.advance(2_000);
    const next = await members();
    expect(next).toHaveLength(1);
    expect(next[0]?.metadata.uid).not.toBe(pod.metadata.uid);
  });

  it('makes the claims of its pods, and keeps or removes them as the policy says', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await make({
      replicas: 2,
      volumeClaimTemplates: [claim],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
    });
    await bringUp();
    const claims = async () => (await bed.client.list(persistentVolumeClaims, { namespace })).items;
    expect((await claims()).map(({ metadata }) => metadata.name).sort()).toEqual(['data-web-0', 'data-web-1']);
    expect((await members())[0]?.spec?.volumes?.[0]).toMatchObject({
      name: 'data',
      persistentVolumeClaim: { claimName: 'data-web-0' },
    });
    expect(await told()).toContain('SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success');
    await change((spec) => ({ ...spec, replicas: 1 }));
    await bed.clock.advance(10_000);
    expect((await claims()).map(({ metadata }) => metadata.name)).toEqual(['data-web-0']);
    await change((spec) => ({ ...spec, replicas: 2 }));
    await bringUp();
    expect(await names()).toEqual(['web-0', 'web-1']);
    expect(await claims()).toHaveLength(2);
  });

  it('makes a pod anew that has ended, whatever way', async () => {
    await make({ replicas: 1 });
    await bringUp();
    for (const phase of ['Failed', 'Succeeded']) {
      const pod = await bed.client.get(pods, { namespace, name: 'web-0' });
      await bed.done(bed.client.updateStatus(pods, { ...pod, status: { ...pod.status, phase } }));
      await bringUp();
      expect((await members())[0]?.metadata.uid).not.toBe(pod.metadata.uid);
    }
  });

  it('keeps no more of its history than its limit', async () => {
    await make({ replicas: 1, revisionHistoryLimit: 1 });
    await bringUp(3);
    for (const image of ['two', 'three', 'four']) {
      await change((spec) => ({ ...spec, template: template(image) }));
      await bringUp(4);
    }
    expect((await revisions()).map(({ revision }) => revision)).toEqual([3, 4]);
  });

  it('takes another name for a revision when something else has it', async () => {
    await make({ replicas: 1 });
    await bringUp(2);
    const [revision] = await revisions();
    await bed.done(bed.client.delete(statefulSets, key));
    await bed.clock.advance(5_000);
    await bed.done(
      bed.client.create(controllerRevisions, {
        metadata: { name: revision?.metadata.name ?? '', namespace },
        data: { other: true },
        revision: 1,
      }),
    );
    await make({ replicas: 1 });
    await bringUp(3);
    expect(await status()).toMatchObject({ collisionCount: 1, readyReplicas: 1 });
    expect((await status())?.updateRevision).not.toBe(revision?.metadata.name);
  });

  it('takes back the pods and the history of a set that was deleted without them', async () => {
    await make({ replicas: 2 });
    await bringUp();
    const before = await members();
    await bed.done(bed.client.delete(statefulSets, key, { propagationPolicy: 'Orphan' }));
    await bed.clock.advance(2_000);
    const { metadata } = await make({ replicas: 2 });
    await bringUp();
    expect((await members()).map(({ metadata: of }) => of.uid)).toEqual(before.map(({ metadata: of }) => of.uid));
    const owners = [...(await members()), ...(await revisions())].map((one) => one.metadata.ownerReferences?.[0]?.uid);
    expect(new Set(owners)).toEqual(new Set([metadata.uid]));
    expect(await revisions()).toHaveLength(1);
  });
});
