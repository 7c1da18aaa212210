import { expect, it } from 'vitest';
import { epochMs } from '../testing/objects.ts';
import { namespaceConditions } from './conditions.ts';

const messages = (found: Parameters<typeof namespaceConditions>[1]): Record<string, string | undefined> =>
  Object.fromEntries(
    namespaceConditions([], found, epochMs).map(({ type, status, message }) => [type, `${status}: ${message}`]),
  );

it('says what keeps a namespace', () => {
  const said = messages({
    remaining: [
      { resource: 'pods', count: 2, finalizers: [] },
      { resource: 'configmaps', count: 1, finalizers: ['example.com/keep', 'example.com/keep'] },
    ],
    failures: ['secrets: no'],
  });
  expect(said.NamespaceContentRemaining).toBe(
    'True: Some resources are remaining: configmaps has 1 resource instances, pods has 2 resource instances',
  );
  expect(said.NamespaceFinalizersRemaining).toBe(
    'True: Some content in the namespace has finalizers remaining: example.com/keep in 2 resource instances',
  );
  expect(said.NamespaceDeletionContentFailure).toContain('secrets: no');
});

it('says that nothing does', () => {
  expect(Object.values(messages({ remaining: [], failures: [] })).every((text) => text?.startsWith('False: All'))).toBe(
    true,
  );
});
