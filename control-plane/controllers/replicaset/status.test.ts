import { describe, expect, it } from 'vitest';
import { epochMs, pod, replicaSet, timeAt } from '../testing/objects.ts';
import { availabilityInMs, replicaSetStatus } from './status.ts';

describe('the status of a ReplicaSet', () => {
  it('counts what is there', () => {
    const of = { ...replicaSet('rs', 'one', 3), spec: { ...replicaSet('rs', 'one', 3).spec, minReadySeconds: 10 } };
    const withSelector = { ...of, spec: { ...of.spec, selector: {} } };
    const pods = [
      pod('old', { readyAtMs: -60_000 }),
      pod('fresh', { readyAtMs: -4_000, meta: { labels: {} } }),
      pod('unready'),
      pod('ended', { phase: 'Failed' }),
      pod('going', { readyAtMs: 0, meta: { deletionTimestamp: timeAt(0) } }),
    ];
    expect(replicaSetStatus(withSelector, pods, undefined, epochMs)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      observedGeneration: 1,
    });
    expect(availabilityInMs(withSelector, pods, epochMs)).toBe(6_000);
  });

  it('keeps the first failure word for word, whatever later attempts say, and forgets it on success', () => {
    const of = replicaSet('rs', 'one', 3);
    const first = replicaSetStatus(of, [], { reason: 'FailedCreate', message: 'no quota for a' }, epochMs);
    const failing = { ...of, status: first };
    const second = replicaSetStatus(
      failing,
      [],
      { reason: 'FailedCreate', message: 'no quota for b' },
      epochMs + 9_000,
    );
    expect(second).toEqual(first);
    expect(replicaSetStatus(failing, [], undefined, epochMs).conditions).toBeUndefined();
  });
});
