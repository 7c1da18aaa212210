import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyJson, equalJson } from './json-values.ts';

describe('copies of JSON values', () => {
  test('are equal, private, and mutable even when the original is frozen', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const frozen = JSON.parse(JSON.stringify(value), (_, part) => Object.freeze(part));
        const copy = copyJson(frozen);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(frozen));
        expect(equalJson(copy, frozen)).toBe(true);
        if (typeof copy === 'object' && copy !== null) expect(Object.isExtensible(copy)).toBe(true);
      }),
    );
  });

  test('leave out what JSON leaves out', () => {
    expect(Object.keys(copyJson({ a: undefined, b: 1 }))).toEqual(['b']);
    expect(copyJson([undefined, 1])).toEqual([null, 1]);
  });

  test('do not take a field for a prototype', () => {
    const value = JSON.parse('{"__proto__":{"polluted":true},"a":1}');
    const copy = copyJson(value);
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"a":1}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });
});

describe('equality of JSON values', () => {
  test('does not look at the order of fields or at undefined ones', () => {
    expect(equalJson({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1, d: undefined })).toBe(true);
  });

  test.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [{ a: null }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [[1], [1, 2]],
    ['1', 1],
    [null, {}],
  ])('tells %j from %j', (a, b) => {
    expect(equalJson(a, b)).toBe(false);
    expect(equalJson(b, a)).toBe(false);
  });

  test('agrees with the text where the order is the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        if (JSON.stringify(a) === JSON.stringify(b)) expect(equalJson(a, b)).toBe(true);
        else if (equalJson(a, b)) expect(sorted(a)).toBe(sorted(b));
      }),
    );
  });
});

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
