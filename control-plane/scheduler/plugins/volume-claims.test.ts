import { expect, test } from 'vitest';
import { persistentVolumeClaims } from '#api/kinds.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { explainNoPreemption } from '../explain.ts';
import { plan } from '../plan.ts';
import { asStored, clusterOf, nodeObject, podInfo } from '../testing.ts';

const pod = podInfo('web-0', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }] });
const claim = (phase: string, more: object = {}) =>
  asStored(persistentVolumeClaims, {
    metadata: { name: 'data-web-0', namespace: 'default', ...more },
    spec: { ...(phase !== 'Pending' && { volumeName: 'disk-1' }) },
    status: { phase },
  });

function outcome(...claims: ReturnType<typeof claim>[]): string {
  const cluster = clusterOf([nodeObject('n1'), nodeObject('n2')]);
  for (const one of claims) cluster.setClaim(one);
  const decision = plan(cluster.snapshot, pod, { random: createSeededRandom(1) });
  if (decision.kind === 'node') return 'placed';
  expect([...decision.plugins]).toEqual(['VolumeBinding']);
  return `${decision.message} ${explainNoPreemption(pod, decision.refusals.size, decision.refusals, false)}`;
}

const helpless = ' preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';

test('a pod waits for its claims, and says for what', () => {
  expect(outcome()).toBe(`0/2 nodes are available: persistentvolumeclaim "data-web-0" not found.${helpless}`);
  expect(outcome(claim('Pending'))).toBe(
    `0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.${helpless}`,
  );
  expect(outcome(claim('Bound', { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toContain(
    'persistentvolumeclaim "data-web-0" is being deleted.',
  );
  expect(outcome(claim('Lost'))).toContain('bound to non-existent persistentvolume "disk-1"');
  expect(outcome(claim('Bound'))).toBe('placed');
});

test('a claim of that name in another namespace does not help', () => {
  expect(outcome(claim('Bound', { namespace: 'other' }))).toContain('not found');
});
