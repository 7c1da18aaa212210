import { expect, it } from 'vitest';
import { pod, timeAt } from '../testing/objects.ts';
import { planPodGc } from './plan.ts';

const names = (of: readonly ReturnType<typeof pod>[]): string[] => of.map(({ metadata }) => metadata.name);

it('finds pods that nobody else removes', () => {
  const ended = [3, 1, 2].map((age) =>
    pod(`ended-${age}`, {
      phase: 'Succeeded',
      meta: { creationTimestamp: timeAt(age * 1000) },
      spec: { nodeName: 'n' },
    }),
  );
  const plan = planPodGc(
    [
      ...ended,
      pod('going-nowhere', { meta: { deletionTimestamp: timeAt(0) } }),
      pod('going', { meta: { deletionTimestamp: timeAt(0) }, spec: { nodeName: 'n' } }),
      pod('lost', { spec: { nodeName: 'gone' } }),
      pod('fine', { spec: { nodeName: 'n' } }),
    ],
    (name) => name === 'n',
    1,
  );
  expect(names(plan.finished)).toEqual(['ended-1', 'ended-2']);
  expect(names(plan.unscheduled)).toEqual(['going-nowhere']);
  expect(names(plan.orphaned)).toEqual(['lost']);
});
