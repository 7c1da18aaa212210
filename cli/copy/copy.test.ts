import { describe, expect, test } from 'vitest';
import { placeOf } from './download.ts';
import { parseSpec } from './spec.ts';

describe('parseSpec', () => {
  test.each([
    ['./a:b', { kind: 'local', path: './a:b' }],
    ['/tmp/a:b', { kind: 'local', path: '/tmp/a:b' }],
    ['file', { kind: 'local', path: 'file' }],
    ['web-1:/etc', { kind: 'remote', namespace: undefined, pod: 'web-1', path: '/etc' }],
    ['shop/web-1:etc', { kind: 'remote', namespace: 'shop', pod: 'web-1', path: 'etc' }],
  ])('%s', (text, expected) => {
    expect(parseSpec(text)).toEqual(expected);
  });

  test.each(['', 'web-1:', ':/etc', 'a/b/c:/etc', '/web:'])('%j is no place, or a local one', (text) => {
    if (text === '/web:') expect(parseSpec(text).kind).toBe('local');
    else expect(() => parseSpec(text)).toThrow();
  });
});

describe('where a file of the archive goes', () => {
  test.each([
    ['etc/app/a', 'etc/app', 'a'],
    ['etc/app/', 'etc/app', ''],
    ['etc/app', 'etc/app', ''],
    ['./a', '.', 'a'],
    ['a/b', '', 'a/b'],
  ])('%s below %s', (name, root, expected) => {
    expect(placeOf(name, root)).toBe(expected);
  });

  test.each(['../a', 'etc/app/../../x', '/etc/app/a', 'other/a', 'etc/apple/a'])('%s is refused', (name) => {
    expect(placeOf(name, 'etc/app')).toBeUndefined();
  });
});
