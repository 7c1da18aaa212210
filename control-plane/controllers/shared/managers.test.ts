import { describe, expect, it } from 'vitest';
import { statefulSets } from '#api/kinds.ts';
import { pod, statefulSet } from '../testing/objects.ts';
import { managersOf } from './managers.ts';

const all = ['a', 'b'].map((name) => statefulSet({}, undefined, { name }));
const other = statefulSet({ selector: { matchLabels: { app: 'db' } } }, undefined, { name: 'c' });
const managers = managersOf(statefulSets, {
  list: (namespace) => [...all, other].filter(({ metadata }) => metadata.namespace === namespace),
});
const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'uid', controller: true }],
});
const namesFor = (...args: Parameters<typeof pod>): string[] => managers(pod(...args)).map(({ name }) => name);

describe('who must look when an object changes', () => {
  it('is its controller, whatever its labels say', () => {
    expect(namesFor('p', { meta: { ...controlledBy('StatefulSet', 'gone'), labels: {} } })).toEqual(['gone']);
  });

  it('is nobody of ours when its controller is of another kind', () => {
    expect(namesFor('p', { meta: controlledBy('Job', 'one') })).toEqual([]);
  });

  it('is everybody in its namespace who would adopt it', () => {
    expect(namesFor('p')).toEqual(all.map(({ metadata }) => metadata.name));
    expect(namesFor('p', { meta: { labels: { app: 'db' } } })).toEqual([other.metadata.name]);
    expect(namesFor('p', { meta: { namespace: 'elsewhere' } })).toEqual([]);
  });
});
