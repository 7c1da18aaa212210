import { expect, it } from 'vitest';
import { epochMs, pod, podTemplate, statefulSet } from '../testing/objects.ts';
import { burstMax, planStatefulSet } from './plan.ts';

it.each(['Parallel', 'OrderedReady'])('costs nothing by how many pods are wanted, when a set is %s', (policy) => {
  const replicas = 2_000_000_000;
  const labels = { 'controller-revision-hash': 'web-one' };
  const pods = [0, 2, replicas - 1].map((ordinal) => {
    const name = `web-${ordinal}`;
    const identity = { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) };
    return pod(name, { meta: { labels: { ...labels, ...identity } }, readyAtMs: 0 });
  });
  const template = podTemplate('one');
  const { steps } = planStatefulSet(
    {
      set: statefulSet({ replicas, podManagementPolicy: policy, template }),
      pods,
      claimOf: () => undefined,
      revisions: { current: 'web-one', update: 'web-one' },
      current: template,
      update: template,
    },
    epochMs,
  );
  const made = steps.map((step) => (step.kind === 'create' ? step.pod.metadata?.name : step.kind));
  const others = Array.from({ length: burstMax - 1 }, (_, index) => `web-${index + 3}`);
  expect(made).toEqual(policy === 'Parallel' ? ['web-1', ...others] : ['web-1']);
});
