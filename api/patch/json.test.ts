import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../status-error.ts';
import { applyJsonPatch } from './json.ts';

const document = { a: 1, list: [1, 2, 3], map: { 'x/y': 'slash', '~': 'tilde' }, none: null };

describe('operations', () => {
  it.each([
    ['add a member', [{ op: 'add', path: '/b', value: { c: [] } }], { ...document, b: { c: [] } }],
    ['add over a member', [{ op: 'add', path: '/a', value: null }], { ...document, a: null }],
    ['insert', [{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
    ['append', [{ op: 'add', path: '/list/-', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
    ['append by number', [{ op: 'add', path: '/list/3', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
    [
      'remove',
      [
        { op: 'remove', path: '/list/0' },
        { op: 'remove', path: '/map' },
      ],
      { a: 1, list: [2, 3], none: null },
    ],
    ['remove from the end', [{ op: 'remove', path: '/list/-1' }], { ...document, list: [1, 2] }],
    ['replace', [{ op: 'replace', path: '/list/2', value: 0 }], { ...document, list: [1, 2, 0] }],
    [
      'escapes',
      [
        { op: 'replace', path: '/map/x~1y', value: 0 },
        { op: 'remove', path: '/map/~0' },
      ],
      { ...document, map: { 'x/y': 0 } },
    ],
    ['move', [{ op: 'move', from: '/a', path: '/list/0' }], { list: [1, 1, 2, 3], map: document.map, none: null }],
    [
      'copy',
      [
        { op: 'copy', from: '/list', path: '/b' },
        { op: 'add', path: '/b/0', value: 0 },
      ],
      { ...document, b: [0, 1, 2, 3] },
    ],
    ['test', [{ op: 'test', path: '/map', value: { '~': 'tilde', 'x/y': 'slash' } }], document],
    [
      'test for absence',
      [
        { op: 'test', path: '/nowhere', value: null },
        { op: 'test', path: '/none', value: null },
      ],
      document,
    ],
    ['replace all', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
  ])('%s', (_, operations, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, operations)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it('make own members of odd names', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { evil: true } }]);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.keys(result ?? {})).toEqual(['__proto__']);
    expect(() => applyJsonPatch({}, [{ op: 'remove', path: '/toString' }])).toThrow(StatusError);
  });
});

describe('what cannot be applied is a 422', () => {
  it.each([
    ['a failing test', { op: 'test', path: '/a', value: 2 }],
    ['a test of what is absent', { op: 'test', path: '/nowhere', value: 1 }],
    ['removing nothing', { op: 'remove', path: '/nowhere' }],
    ['replacing nothing', { op: 'replace', path: '/nowhere', value: 1 }],
    ['a missing parent', { op: 'add', path: '/b/c', value: 1 }],
    ['a member of a number', { op: 'add', path: '/a/b', value: 1 }],
    ['a hole in a list', { op: 'add', path: '/list/4', value: 1 }],
    ['a word for an index', { op: 'add', path: '/list/x', value: 1 }],
    ['a path without slash', { op: 'add', path: 'a', value: 1 }],
    ['a move into itself', { op: 'move', from: '/map', path: '/map/inner' }],
    ['an unknown operation', { op: 'merge', path: '/a', value: 1 }],
    ['no operation', { path: '/a', value: 1 }],
    ['no path', { op: 'add', value: 1 }],
    ['no value', { op: 'add', path: '/b' }],
    ['no from', { op: 'copy', path: '/b' }],
  ])('%s', (_, operation) => {
    const wanted = { code: 422, message: 'the server rejected our request due to an error in our request' };
    expect(() => applyJsonPatch(document, [operation])).toThrow(expect.objectContaining(wanted));
  });
});

describe('limits', () => {
  it('of operations', () => {
    const operations = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: 1 }));
    expect(() => applyJsonPatch(document, operations)).toThrow(
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    expect(applyJsonPatch(document, operations.slice(1))).toEqual(document);
  });

  it('of copies that double, in size and in depth', () => {
    const wide = Array.from({ length: 60 }, () => ({ op: 'copy', from: '', path: '/a/-' }));
    expect(() => applyJsonPatch({ a: ['x'.repeat(1000)] }, wide)).toThrow(expect.objectContaining({ code: 422 }));
    const deep = Array.from({ length: 600 }, () => ({ op: 'copy', from: '/a', path: '/a/b' }));
    expect(() => applyJsonPatch({ a: {} }, deep)).toThrow(expect.objectContaining({ code: 422 }));
  });

  it.each([null, {}, 'x', 5])('a patch must be a list: %j', (patch) => {
    expect(() => applyJsonPatch(document, patch)).toThrow(expect.objectContaining({ code: 400 }));
  });
});

it('adds what remove takes away', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (base, key, value) => {
      const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const { [key]: _, ...without } = base;
      const added = applyJsonPatch(without, [{ op: 'add', path, value }]);
      expect(applyJsonPatch(added, [{ op: 'remove', path }])).toEqual(without);
    }),
  );
});
