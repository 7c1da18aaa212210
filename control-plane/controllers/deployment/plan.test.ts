import { describe, expect, it } from 'vitest';
import type { V1ReplicaSet } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { deployment, epochMs, podTemplate, replicaSet, timeAt } from '../testing/objects.ts';
import { type DeploymentPlan, planDeployment } from './plan.ts';
import { podTemplateHash } from './template.ts';

const plan = (
  of: ReturnType<typeof deployment>,
  replicaSets: readonly Stored<V1ReplicaSet>[] = [],
  running = 0,
): DeploymentPlan => planDeployment({ deployment: of, replicaSets, runningPodsOf: () => running }, epochMs);

const sizes = (of: DeploymentPlan): Record<string, number> =>
  Object.fromEntries(of.change.map(({ original, replicas }) => [original.metadata.name, replicas]));

const sized = (desired: number, max: number, revision = 1) => ({
  annotations: {
    'deployment.kubernetes.io/desired-replicas': String(desired),
    'deployment.kubernetes.io/max-replicas': String(max),
    'deployment.kubernetes.io/revision': String(revision),
  },
});

const condition = (of: DeploymentPlan, type: string) => of.status.conditions?.find((one) => one.type === type);

describe('a new deployment', () => {
  it('makes a ReplicaSet that is named and labelled by the template', () => {
    const { create, revision, status } = plan(deployment());
    const hash = podTemplateHash(podTemplate('one'), undefined);
    expect(create).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        labels: { app: 'web', 'pod-template-hash': hash },
        annotations: {
          'deployment.kubernetes.io/revision': '1',
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
        },
        ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
        template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
      },
    });
    expect(revision).toBe('1');
    expect(status.conditions?.find(({ type }) => type === 'Progressing')?.message).toBe(
      `Created new replica set "web-${hash}"`,
    );
  });

  it('makes nothing while it is paused or being deleted', () => {
    expect(plan(deployment({ paused: true })).create).toBeUndefined();
    expect(plan(deployment({}, undefined, { deletionTimestamp: timeAt(0) })).create).toBeUndefined();
  });

  it('takes another name when the count of collisions grows', () => {
    const first = plan(deployment()).create?.metadata?.name;
    const second = plan(deployment({}, { collisionCount: 1 })).create?.metadata?.name;
    expect(second).not.toBe(first);
  });
});

describe('a rolling update', () => {
  const rolling = (maxSurge: number | string, maxUnavailable: number | string, replicas = 10) =>
    deployment({
      replicas,
      template: podTemplate('two'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    });
  const ready = (count: number) => ({ readyReplicas: count, availableReplicas: count });

  it('starts the new one with the room that the surge gives', () => {
    const old = replicaSet('old', 'one', 10, ready(10), sized(10, 13));
    expect(plan(rolling('25%', '25%'), [old]).create?.spec?.replicas).toBe(3);
    expect(plan(rolling(0, 1), [old]).create?.spec?.replicas).toBe(0);
  });

  it('shrinks the old by what may be missing, while the new is not up yet', () => {
    const old = replicaSet('old', 'one', 10, ready(10), sized(10, 13));
    const fresh = replicaSet('new', 'two', 3, ready(0), sized(10, 13, 2));
    expect(sizes(plan(rolling('25%', '25%'), [old, fresh]))).toEqual({ old: 8 });
  });

  it('does not count on pods of the old that are only about to go', () => {
    const old = replicaSet('old', 'one', 8, { replicas: 10, ...ready(10) }, sized(10, 13));
    const fresh = replicaSet('new', 'two', 5, ready(0), sized(10, 13, 2));
    expect(sizes(plan(rolling('25%', '25%'), [old, fresh]))).toEqual({});
  });

  it('removes what is broken first, even where nothing new is available', () => {
    const broken = replicaSet('broken', 'bad', 3, ready(0), sized(10, 13, 2));
    const old = replicaSet('old', 'one', 8, ready(8), sized(10, 13));
    const fresh = replicaSet('new', 'two', 2, ready(0), sized(10, 13, 3));
    expect(sizes(plan(rolling('25%', '25%'), [old, broken, fresh]))).toEqual({ broken: 0 });
  });

  it('says that it has progressed once everything is new', () => {
    const old = replicaSet('old', 'one', 0, { replicas: 0 }, sized(10, 13));
    const fresh = replicaSet('new', 'two', 10, ready(10), sized(10, 13, 2));
    const done = plan(rolling('25%', '25%'), [old, fresh]);
    expect(condition(done, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "new" has successfully progressed.',
    });
    expect(condition(done, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    });
    expect(done.status).toMatchObject({ replicas: 10, updatedReplicas: 10, availableReplicas: 10 });
    expect(done.status.unavailableReplicas).toBeUndefined();
  });
});

describe('rollback', () => {
  it('finds the old ReplicaSet again, whatever its labels, and raises its revision', () => {
    const first = replicaSet('first', 'one', 0, { replicas: 0 }, sized(3, 4, 1));
    const second = replicaSet('second', 'two', 3, { availableReplicas: 3 }, sized(3, 4, 2));
    const back = plan(deployment({}, undefined, { generation: 3 }), [first, second]);
    expect(back.create).toBeUndefined();
    expect(back.revision).toBe('3');
    const changed = back.change.find(({ original }) => original.metadata.name === 'first');
    expect(changed?.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
  });
});

describe('scaling', () => {
  it('in the middle of a rollout keeps the shares', () => {
    const of = deployment({ replicas: 20, template: podTemplate('two') });
    const old = replicaSet('old', 'one', 8, { availableReplicas: 8 }, sized(10, 13));
    const fresh = replicaSet('new', 'two', 5, { availableReplicas: 2 }, sized(10, 13, 2));
    const next = sizes(plan(of, [old, fresh]));
    expect((next.old ?? 0) + (next.new ?? 0)).toBe(25);
    expect(next.old).toBeGreaterThan(next.new ?? 0);
  });

  it('works while paused', () => {
    const of = deployment({ replicas: 5, paused: true, template: podTemplate('two') });
    const old = replicaSet('old', 'one', 3, { availableReplicas: 3 }, sized(3, 4));
    const next = plan(of, [old]);
    expect(next.create).toBeUndefined();
    expect(sizes(next)).toEqual({ old: 5 });
    expect(condition(next, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  });

  it('to zero empties all', () => {
    const of = deployment({ replicas: 0, template: podTemplate('two') });
    const old = replicaSet('old', 'one', 3, {}, sized(3, 4));
    const fresh = replicaSet('new', 'two', 1, {}, sized(3, 4, 2));
    expect(sizes(plan(of, [old, fresh]))).toEqual({ old: 0, new: 0 });
  });
});

describe('Recreate', () => {
  const of = deployment({ template: podTemplate('two'), strategy: { type: 'Recreate' } });

  it('empties the old first, then waits for its pods, then starts the new', () => {
    const full = replicaSet('old', 'one', 3, { replicas: 3 }, sized(3, 3));
    expect(plan(of, [full], 3)).toMatchObject({ change: [{ replicas: 0 }] });
    expect(plan(of, [full], 3).create).toBeUndefined();
    const empty = replicaSet('old', 'one', 0, { replicas: 0 }, sized(3, 3));
    expect(plan(of, [empty], 1).create).toBeUndefined();
    expect(plan(of, [empty], 0).create?.spec?.replicas).toBe(3);
  });
});

describe('history', () => {
  it('keeps as many old revisions as it should, and never one that has pods', () => {
    const of = deployment({ revisionHistoryLimit: 1, template: podTemplate('now') });
    const newest = replicaSet('now', 'now', 3, { readyReplicas: 3, availableReplicas: 3 }, sized(3, 4, 4));
    const old = [1, 2, 3].map((revision) =>
      replicaSet(
        `old-${revision}`,
        `image-${revision}`,
        0,
        { replicas: revision === 2 ? 1 : 0 },
        sized(3, 4, revision),
      ),
    );
    expect(plan(of, [newest, ...old]).remove.map(({ metadata }) => metadata.name)).toEqual([]);
    const settled = old.map((one) => ({ ...one, status: { replicas: 0, observedGeneration: 1 } }));
    expect(plan(of, [newest, ...settled]).remove.map(({ metadata }) => metadata.name)).toEqual(['old-1', 'old-2']);
  });
});

describe('the progress deadline', () => {
  const progressing = (updatedMs: number) => ({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    conditions: [
      { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime: timeAt(updatedMs) },
    ],
  });
  const stuck = replicaSet('new', 'one', 3, {}, sized(3, 4));

  it('passes only when nothing has moved for that long', () => {
    const late = plan(deployment({}, progressing(-601_000)), [stuck]);
    expect(condition(late, 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "new" has timed out progressing.',
    });
    const early = plan(deployment({}, progressing(-599_000)), [stuck]);
    expect(condition(early, 'Progressing')?.status).toBe('True');
  });
});
