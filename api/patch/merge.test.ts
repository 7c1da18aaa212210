import { describe, expect, it } from 'vitest';
import { applyMergePatch } from './merge.ts';

describe('a merge patch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{ a: 'foo' }, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{}, { a: { b: { c: 1, d: null } } }, { a: { b: { c: 1 } } }],
  ])('of %j by %j', (document, patch, expected) => expect(applyMergePatch(document, patch)).toEqual(expected));

  it.each([null, [], 'x', 1])('must be an object: %j', (patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('does not reach the prototype, and is bounded in depth', () => {
    const patch: unknown = JSON.parse('{"__proto__":{"evil":true}}');
    expect(Object.getPrototypeOf(applyMergePatch({}, patch))).toBe(Object.prototype);
    let deep: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { a: deep };
    expect(() => applyMergePatch({}, deep)).toThrow('exceeded max depth of 512');
  });
});
