import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  everythingSelector,
  formatLabelSelector,
  fromLabelSelectorObject,
  matchesLabels,
  parseLabelSelector,
} from './labels.ts';

const web = { app: 'web', tier: 'front', weight: '5' };

describe('matching', () => {
  it.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['! old', true],
    ['app=web', true],
    ['app==web', true],
    ['app!=web', false],
    ['old!=x', true],
    ['app = web , tier in (back, front)', true],
    ['tier notin (front)', false],
    ['old notin (front)', true],
    ['old in (a)', false],
    ['app in (web),!tier', false],
    ['empty=', false],
    ['weight>4', true],
    ['weight<5', false],
    ['app>4', false],
    ['in in (in)', false],
    ['toString', false],
  ])('%s → %s', (text, expected) => expect(matchesLabels(parseLabelSelector(text), web)).toBe(expected));

  it('takes empty values in lists', () => {
    expect(parseLabelSelector('a in (,)').requirements[0]?.values).toEqual(['']);
    expect(parseLabelSelector('a in (b,)').requirements[0]?.values).toEqual(['', 'b']);
    expect(parseLabelSelector('a in ()').requirements[0]?.values).toEqual(['']);
  });
});

describe('errors', () => {
  it.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['a==!', "unable to parse requirement: found '!', expected: identifier"],
    [
      'a>b',
      "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('%j', (text, message) => expect(() => parseLabelSelector(text)).toThrow(message));

  it('name the bad key or value', () => {
    expect(() => parseLabelSelector('-a')).toThrow(
      /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist/,
    );
    expect(() => parseLabelSelector('a=b@')).toThrow(
      /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b@": a valid label/,
    );
  });
});

describe('objects', () => {
  it.each([
    ['In', [], "for 'in', 'notin' operators, values set can't be empty"],
    ['Exists', ['a'], 'values set must be empty for exists and does not exist'],
  ])('with %s and %j are refused', (operator, values, message) => {
    expect(() => fromLabelSelectorObject({ matchExpressions: [{ key: 'a', operator, values }] })).toThrow(message);
  });

  it('match nothing when absent and everything when empty', () => {
    expect(matchesLabels(fromLabelSelectorObject(undefined), web)).toBe(false);
    expect(matchesLabels(fromLabelSelectorObject({}), undefined)).toBe(true);
    expect(matchesLabels(everythingSelector, undefined)).toBe(true);
  });

  it('become text', () => {
    const selector = fromLabelSelectorObject({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    });
    expect(formatLabelSelector(selector)).toBe('app=web,!old,tier in (a,b)');
    expect(() => fromLabelSelectorObject({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow(
      '"Like" is not a valid label selector operator',
    );
  });
});

it('reads back what it writes, and fails only with a 400', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', '=', '!', ' ', '(', ')', ',', ' in ', ' notin ', '>', '1')),
      (parts) => {
        const text = parts.join('');
        try {
          const selector = parseLabelSelector(text);
          expect(parseLabelSelector(formatLabelSelector(selector))).toEqual(selector);
        } catch (error) {
          expect(error).toHaveProperty('code', 400);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
