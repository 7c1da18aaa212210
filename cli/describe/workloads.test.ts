import { expect, test } from 'vitest';
import type { V1PodDisruptionBudget, V1StatefulSet } from '#api/generated/types.ts';
import { alignTabs } from './align.ts';
import { budgetLines } from './budget.ts';
import { budgetProblems } from './problems/budget.ts';
import { statefulSetProblems } from './problems/workload.ts';
import { healthyPod, nowMs } from './testing/objects.ts';
import { statefulSetLines } from './workloads.ts';

const budget = (
  status: V1PodDisruptionBudget['status'],
  spec: V1PodDisruptionBudget['spec'] = { minAvailable: 2 },
) => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  status,
});

test('a budget is described in kubectl’s words', () => {
  const status = { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 };
  expect(alignTabs(budgetLines(budget(status)))).toEqual([
    'Name:           web',
    'Namespace:      shop',
    'Min available:  2',
    'Selector:       app=web',
    'Status:',
    '    Allowed disruptions:  1',
    '    Current:              3',
    '    Desired:              2',
    '    Total:                3',
  ]);
  expect(budgetLines(budget(status, { maxUnavailable: '30%' }))).toContain('Max unavailable:\t30%');
});

test('a budget that allows nothing, ever, is told as a problem', () => {
  const of = (desiredHealthy: number, expectedPods: number) =>
    budgetProblems(budget({ desiredHealthy, expectedPods, currentHealthy: expectedPods }));
  expect(of(2, 3)).toEqual([]);
  expect(of(0, 0)).toEqual([]);
  expect(of(2, 2)[0]?.what).toBe('it wants 2 healthy pods of 2, so that none may ever be evicted');
  const failed = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'because' };
  const conditions = [{ ...failed, lastTransitionTime: '2026-01-01T00:00:00Z' }];
  expect(budgetProblems(budget({ conditions }))[0]?.what).toContain('cannot be worked out: because');
});

const set = (updateRevision: string, more: Partial<NonNullable<V1StatefulSet['spec']>> = {}): V1StatefulSet => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: {}, template: {}, podManagementPolicy: 'OrderedReady', ...more },
  status: { replicas: 1, updateRevision },
});

test('an ordered rollout that a broken pod holds up says which pod to delete', () => {
  const metadata = { name: 'web-1', namespace: 'shop', labels: { 'controller-revision-hash': 'web-old' } };
  const broken = healthyPod({}, { metadata, status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  const of = (one: V1StatefulSet) => statefulSetProblems(one, [{ pod: broken, events: [] }], nowMs);
  expect(of(set('web-new'))[0]).toEqual({
    what: 'its rollout waits for web-1, which has an older template and is not ready',
    advice: 'If the template is right now, delete that pod, and it is made anew: berth delete pod web-1 -n shop',
  });
  expect(of(set('web-old'))).toEqual([]);
  expect(of(set('web-new', { podManagementPolicy: 'Parallel' }))).toEqual([]);
});

test('the claims of a stateful set are described', () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const lines = alignTabs(statefulSetLines(set('x', { volumeClaimTemplates: [claim] }), []));
  expect(lines.slice(lines.indexOf('Volume Claims:'))).toEqual([
    'Volume Claims:',
    '  Name:          data',
    '  StorageClass:',
    '  Labels:        <none>',
    '  Annotations:   <none>',
    '  Capacity:      1Gi',
    '  Access Modes:  [ReadWriteOnce]',
  ]);
  expect(statefulSetLines(set('x'), [])).toContain('Volume Claims:\t<none>');
});
