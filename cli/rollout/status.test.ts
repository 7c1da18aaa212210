import { describe, expect, test } from 'vitest';
import type { V1DaemonSet, V1Deployment, V1StatefulSet } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { rolloutStatus } from './status.ts';

const metadata = {
  name: 'web',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  generation: 2,
};
const template = { spec: { containers: [] } };

const deployment = (status: V1Deployment['status'], replicas = 3, revision = '4'): Stored<V1Deployment> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { ...metadata, annotations: { 'deployment.kubernetes.io/revision': revision } },
  spec: { replicas, selector: {}, template },
  status: { observedGeneration: 2, ...status },
});

const ofDeployment = (object: Stored<V1Deployment>, revision = 0) =>
  rolloutStatus({ kind: 'Deployment', object }, revision);

describe('a deployment', () => {
  test.each([
    [{ observedGeneration: 1 }, 'Waiting for deployment spec update to be observed...'],
    [
      { updatedReplicas: 1 },
      'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...',
    ],
    [
      { updatedReplicas: 3, replicas: 4 },
      'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...',
    ],
    [
      { updatedReplicas: 3, replicas: 3, availableReplicas: 2 },
      'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...',
    ],
  ])('is under way with %j', (status, message) => {
    expect(ofDeployment(deployment(status))).toEqual({ message, done: false });
  });

  test('is done when all replicas are new and available; also with none', () => {
    const message = 'deployment "web" successfully rolled out';
    const status = { updatedReplicas: 3, replicas: 3, availableReplicas: 3 };
    expect(ofDeployment(deployment(status))).toEqual({ message, done: true });
    expect(ofDeployment(deployment({}, 0))).toEqual({ message, done: true });
  });

  test('fails when its deadline is over', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    expect(() => ofDeployment(deployment({ conditions }))).toThrow('deployment "web" exceeded its progress deadline');
  });

  test('of another revision than the one that is asked for is an error', () => {
    expect(() => ofDeployment(deployment({}), 3)).toThrow(
      'desired revision (3) is different from the running revision (4)',
    );
    expect(ofDeployment(deployment({}, 0), 4).done).toBe(true);
  });
});

test('a daemon set counts the nodes', () => {
  const object = (status: Partial<V1DaemonSet['status']>, type = 'RollingUpdate'): Stored<V1DaemonSet> => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: { selector: {}, template, updateStrategy: { type } },
    status: {
      currentNumberScheduled: 2,
      desiredNumberScheduled: 2,
      numberMisscheduled: 0,
      numberReady: 0,
      observedGeneration: 2,
      ...status,
    },
  });
  const of = (one: Stored<V1DaemonSet>) => rolloutStatus({ kind: 'DaemonSet', object: one }, 0);
  expect(of(object({ updatedNumberScheduled: 1 })).message).toBe(
    'Waiting for daemon set "web" rollout to finish: 1 out of 2 new pods have been updated...',
  );
  expect(of(object({ updatedNumberScheduled: 2, numberAvailable: 1 })).message).toBe(
    'Waiting for daemon set "web" rollout to finish: 1 of 2 updated pods are available...',
  );
  expect(of(object({ updatedNumberScheduled: 2, numberAvailable: 2 }))).toEqual({
    message: 'daemon set "web" successfully rolled out',
    done: true,
  });
  expect(() => of(object({}, 'OnDelete'))).toThrow('only available for RollingUpdate');
});

test('a stateful set knows partitions and revisions', () => {
  const object = (status: Partial<V1StatefulSet['status']>, partition = 0): Stored<V1StatefulSet> => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: { replicas: 3, selector: {}, template, updateStrategy: { rollingUpdate: { partition } } },
    status: { replicas: 3, observedGeneration: 2, currentRevision: 'a', updateRevision: 'a', ...status },
  });
  const of = (one: Stored<V1StatefulSet>) => rolloutStatus({ kind: 'StatefulSet', object: one }, 0);
  expect(of(object({ observedGeneration: 1 })).message).toBe('Waiting for statefulset spec update to be observed...');
  expect(of(object({ readyReplicas: 1 })).message).toBe('Waiting for 2 pods to be ready...');
  expect(of(object({ readyReplicas: 3, updatedReplicas: 0 }, 2)).message).toBe(
    'Waiting for partitioned roll out to finish: 0 out of 1 new pods have been updated...',
  );
  expect(of(object({ readyReplicas: 3, updatedReplicas: 1 }, 2)).done).toBe(true);
  expect(of(object({ readyReplicas: 3, updatedReplicas: 1, updateRevision: 'b' })).done).toBe(false);
  expect(of(object({ readyReplicas: 3, currentReplicas: 3 }))).toEqual({
    message: 'statefulset rolling update complete 3 pods at revision a...',
    done: true,
  });
});
