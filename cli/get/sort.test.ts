import { expect, test } from 'vitest';
import { sortByPath } from './sort.ts';

const sorted = (values: readonly unknown[], path = '.v'): unknown[] =>
  sortByPath(
    values.map((v) => ({ v })),
    path,
    (item) => item,
  ).map(({ v }) => v);

test.each([
  [
    [10, 9, 100],
    [9, 10, 100],
  ],
  [
    ['web-10', 'web-9'],
    ['web-9', 'web-10'],
  ],
  [
    ['1Gi', '500Mi', '2k'],
    ['2k', '500Mi', '1Gi'],
  ],
  [
    ['b', undefined, 'a'],
    [undefined, 'a', 'b'],
  ],
  [
    ['2026-02-01T00:00:00Z', '2026-01-31T00:00:00Z'],
    ['2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z'],
  ],
])('%j', (given, expected) => {
  expect(sorted(given)).toEqual(expected);
});

test('the braces of JSONPath may be left out', () => {
  expect(sorted([2, 1], '{.v}')).toEqual([1, 2]);
});

test('a field that no object has is an error; of no objects it is none', () => {
  expect(() => sorted([1], '.nosuch')).toThrow('couldn\'t find any field with path ".nosuch"');
  expect(sorted([], '.nosuch')).toEqual([]);
});
