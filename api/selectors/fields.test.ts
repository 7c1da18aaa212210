import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatFieldSelector, matchesFields, parseFieldSelector } from './fields.ts';

const pod: Record<string, string> = { 'metadata.name': 'a', 'status.phase': 'Running', odd: 'x=1,y\\' };

it.each([
  ['', true],
  [',', true],
  ['status.phase=Running', true],
  ['status.phase==Running,metadata.name!=b', true],
  ['status.phase!=Running', false],
  ['spec.nodeName=', true],
  ['odd=x\\=1\\,y\\\\', true],
])('%s → %s', (text, expected) =>
  expect(matchesFields(parseFieldSelector(text), (field) => pod[field])).toBe(expected),
);

it.each([
  ['name', "invalid selector: 'name'; can't understand 'name'"],
  ['a=b,name', "invalid selector: 'a=b,name'; can't understand 'name'"],
  ['a=b=c', 'invalid field selector: unescaped character in value: ='],
  ['a=\\n', 'invalid field selector: invalid escape sequence: \\n'],
  ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
])('refuses %j', (text, message) => expect(() => parseFieldSelector(text)).toThrow(message));

it('reads back any value', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const selector = { requirements: [{ field: 'a', operator: '=' as const, value }] };
      expect(parseFieldSelector(formatFieldSelector(selector))).toEqual(selector);
    }),
  );
});
