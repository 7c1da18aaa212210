import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1PodCondition } from '#api/generated/types.ts';
import { epochMs, pod, replicaSet, timeAt } from '../testing/objects.ts';
import { canonicalJson } from './canonical.ts';
import { claim } from './claim.ts';
import { withCondition } from './conditions.ts';
import { resolveIntOrPercent } from './percent.ts';
import { isPodAvailable } from './pods.ts';
import { slowStart } from './slow-start.ts';
import { formatTime, parseTime } from './time.ts';

describe('claim', () => {
  const owner = replicaSet('rs', 'one', 1);
  const ownedBy = (uid: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid, controller: true }],
  });
  const matches = (of: ReturnType<typeof pod>): boolean => of.metadata.labels?.app === 'web';
  const names = (of: readonly ReturnType<typeof pod>[]): string[] => of.map(({ metadata }) => metadata.name);

  it('parts what is ours, what could be and what is no more', () => {
    const all = [
      pod('mine', { meta: ownedBy('uid-rs') }),
      pod('theirs', { meta: ownedBy('uid-other') }),
      pod('orphan'),
      pod('orphan-going', { meta: { deletionTimestamp: timeAt(0) } }),
      pod('stranger', { meta: { labels: { app: 'db' } } }),
      pod('lost', { meta: { labels: { app: 'db' }, ...ownedBy('uid-rs') } }),
    ];
    const claims = claim(owner, matches, all);
    expect([names(claims.owned), names(claims.adopt), names(claims.release)]).toEqual([['mine'], ['orphan'], ['lost']]);
  });

  it('takes and lets go of nobody while the owner is being deleted', () => {
    const going = replicaSet('rs', 'one', 1, {}, { deletionTimestamp: timeAt(0) });
    const claims = claim(going, matches, [
      pod('orphan'),
      pod('lost', { meta: { labels: {}, ...ownedBy('uid-rs') } }),
      pod('mine', { meta: ownedBy('uid-rs') }),
    ]);
    expect([names(claims.owned), claims.adopt, claims.release]).toEqual([['mine'], [], []]);
  });
});

describe('percentages', () => {
  it('round as they are told, and numbers are what they are', () => {
    expect(resolveIntOrPercent('25%', 10, 'up')).toBe(3);
    expect(resolveIntOrPercent('25%', 10, 'down')).toBe(2);
    expect(resolveIntOrPercent('100%', 7, 'down')).toBe(7);
    expect(resolveIntOrPercent(4, 10, 'up')).toBe(4);
    expect(resolveIntOrPercent(undefined, 10, 'up')).toBe(0);
    expect(resolveIntOrPercent('a lot', 10, 'up')).toBe(0);
  });
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys or on undefined fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson({ ...reversed, nothing: undefined })).toBe(canonicalJson(object));
        expect(JSON.parse(canonicalJson(object))).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });
});

describe('conditions', () => {
  it('keep their time until the status changes', () => {
    const first = withCondition<V1PodCondition>([], { type: 'Ready', status: 'True', reason: 'A' }, epochMs);
    const second = withCondition(first, { type: 'Ready', status: 'True', reason: 'B' }, epochMs + 5_000);
    expect(second).toEqual([{ type: 'Ready', status: 'True', reason: 'B', lastTransitionTime: timeAt(0) }]);
    expect(withCondition(second, { type: 'Ready', status: 'True', reason: 'B' }, epochMs + 9_000)).toBe(second);
    const third = withCondition(second, { type: 'Ready', status: 'False' }, epochMs + 9_000);
    expect(third[0]?.lastTransitionTime).toBe(timeAt(9_000));
  });
});

describe('availability', () => {
  it('comes after a pod has been ready for long enough', () => {
    const ready = pod('p', { readyAtMs: 10_000 });
    expect(isPodAvailable(ready, 0, epochMs + 10_000)).toBe(true);
    expect(isPodAvailable(ready, 5, epochMs + 14_999)).toBe(false);
    expect(isPodAvailable(ready, 5, epochMs + 15_000)).toBe(true);
    expect(isPodAvailable(pod('q'), 0, epochMs)).toBe(false);
  });
});

describe('slowStart', () => {
  it('doubles its batches and stops after the first that fails', async () => {
    const tried: number[] = [];
    const ended = await slowStart(100, async (index) => {
      tried.push(index);
      if (index === 4) throw new Error('quota');
    });
    expect(tried).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(ended).toEqual({ succeeded: 6, error: new Error('quota') });
  });

  it('does nothing for nothing', async () => {
    expect(await slowStart(0, () => Promise.reject(new Error('not called')))).toEqual({ succeeded: 0 });
  });
});

describe('time', () => {
  it('is written in whole seconds and read back', () => {
    expect(formatTime(epochMs + 1_999)).toBe('2026-01-01T00:00:01Z');
    expect(parseTime('2026-01-01T00:00:01Z')).toBe(epochMs + 1_000);
    expect(parseTime('yesterday')).toBeUndefined();
    expect(parseTime(undefined)).toBeUndefined();
  });
});
