import { expect, test } from 'vitest';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { compareVersions, groupsOf } from './groups.ts';

test('stable before beta before alpha, higher numbers first', () => {
  const sorted = ['v1', 'v2', 'v1beta1', 'v10', 'v2alpha1', 'v1beta2', 'odd'].sort(compareVersions);
  expect(sorted).toEqual(['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v2alpha1', 'odd']);
});

test('core comes first, and autoscaling prefers v2', () => {
  const groups = groupsOf(builtInDefinitions());
  expect(groups[0]?.name).toBe('');
  expect(groups.find(({ name }) => name === 'autoscaling')?.versions.map(({ version }) => version)).toEqual([
    'v2',
    'v1',
  ]);
  expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
});
