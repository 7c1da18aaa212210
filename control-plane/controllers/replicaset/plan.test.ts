import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, type PodOptions, pod, replicaSet, timeAt } from '../testing/objects.ts';
import { burstMax, planReplicas } from './plan.ts';

const nowMs = epochMs + 3_600_000;
const deletion = (replicas: number, ...pods: ReturnType<typeof pod>[]): string[] =>
  planReplicas(replicaSet('rs', 'one', replicas), pods, pods, nowMs).remove.map(({ metadata }) => metadata.name);

describe('planReplicas', () => {
  it('makes what is missing, at most a burst at once', () => {
    expect(planReplicas(replicaSet('rs', 'one', 3), [pod('a')], [], nowMs)).toEqual({ create: 2, remove: [] });
    expect(planReplicas(replicaSet('rs', 'one', 9_999), [], [], nowMs).create).toBe(burstMax);
  });

  it('does not count what has ended or is going', () => {
    const pods = [
      pod('failed', { phase: 'Failed' }),
      pod('succeeded', { phase: 'Succeeded' }),
      pod('going', { meta: { deletionTimestamp: timeAt(0) } }),
    ];
    expect(planReplicas(replicaSet('rs', 'one', 2), pods, pods, nowMs)).toEqual({ create: 2, remove: [] });
  });

  it('leaves everything as it is while it is being deleted', () => {
    const going = replicaSet('rs', 'one', 2, {}, { deletionTimestamp: timeAt(0) });
    expect(planReplicas(going, [], [], nowMs)).toEqual({ create: 0, remove: [] });
  });

  it('removes what is of least use first', () => {
    const placed = (name: string, options: PodOptions = {}) =>
      pod(name, { readyAtMs: 0, ...options, spec: { nodeName: name, ...options.spec } });
    const better = placed('better');
    expect(deletion(1, better, pod('unplaced', { readyAtMs: 0 }))).toEqual(['unplaced']);
    expect(deletion(1, better, placed('pending', { phase: 'Pending' }))).toEqual(['pending']);
    expect(deletion(1, better, pod('unready', { spec: { nodeName: 'n' } }))).toEqual(['unready']);
    const cheap = placed('cheap', { meta: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } } });
    expect(deletion(1, cheap, better)).toEqual(['cheap']);
    const doubled = [placed('d1', { spec: { nodeName: 'x' } }), placed('d2', { spec: { nodeName: 'x' } })];
    expect(deletion(2, better, ...doubled)).toHaveLength(1);
    expect(deletion(2, better, ...doubled)).not.toEqual(['better']);
    expect(deletion(1, better, placed('young', { readyAtMs: 3_590_000 }))).toEqual(['young']);
    expect(deletion(1, better, placed('restarted', { restarts: 3 }))).toEqual(['restarted']);
    expect(deletion(1, better, placed('newborn', { meta: { creationTimestamp: timeAt(3_590_000) } }))).toEqual([
      'newborn',
    ]);
  });

  it('always plans exactly the difference, and the same whatever the order of the cache', () => {
    const anyPod = fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Unknown'),
      node: fc.constantFrom(undefined, 'n1', 'n2'),
      ready: fc.constantFrom(undefined, 0, 1_000, 3_000_000),
    });
    fc.assert(
      fc.property(fc.array(anyPod, { maxLength: 20 }), fc.nat(20), (drawn, replicas) => {
        const pods = drawn.map(({ phase, node, ready }, index) =>
          pod(`p${index}`, {
            phase,
            ...(node && { spec: { nodeName: node } }),
            ...(ready !== undefined && { readyAtMs: ready }),
          }),
        );
        const plan = planReplicas(replicaSet('rs', 'one', replicas), pods, pods, nowMs);
        const active = pods.filter(({ status }) => status?.phase !== 'Failed').length;
        expect(plan.create - plan.remove.length).toBe(replicas - active);
        const again = planReplicas(replicaSet('rs', 'one', replicas), pods.toReversed(), pods, nowMs);
        expect(again.remove).toEqual(plan.remove);
      }),
    );
  });
});
