import { describe, expect, it } from 'vitest';
import { parseYamlDocuments } from './yaml.ts';

describe('documents', () => {
  it('are several, and empty ones do not count', () => {
    expect(parseYamlDocuments('---\na: 1\n---\n# nothing\n---\n---\nb: [2]\n...\n')).toEqual([{ a: 1 }, { b: [2] }]);
    expect(parseYamlDocuments('')).toEqual([]);
    expect(parseYamlDocuments('~')).toEqual([]);
  });

  it('may be JSON', () =>
    expect(parseYamlDocuments('{"a":{"b":[null,true,"x"]}}')).toEqual([{ a: { b: [null, true, 'x'] } }]));

  it('read scalars as Kubernetes does', () => {
    const text =
      'a: yes\nb: off\nc: y\nd: 2026-01-01\ne: 12:30:45\nf: 010\ng: "yes"\nh: ~\ni: 1e3\nj: 0x1F\nk: !!binary aGk=\n';
    expect(parseYamlDocuments(text)).toEqual([
      { a: true, b: false, c: 'y', d: '2026-01-01', e: '12:30:45', f: 8, g: 'yes', h: null, i: 1000, j: 31, k: 'aGk=' },
    ]);
  });

  it('turn keys into text', () => {
    expect(parseYamlDocuments('1: a\ntrue: b\nnull: c\n"2": d')).toEqual([{ 1: 'a', true: 'b', null: 'c', 2: 'd' }]);
  });

  it('follow anchors and merge keys', () => {
    expect(parseYamlDocuments('a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [{x: 5}, *a]}')).toEqual([
      { a: { x: 1, y: 2 }, b: { x: 1, y: 2 }, c: { x: 1, y: 3 }, d: { x: 5, y: 2 } },
    ]);
  });

  it('keep a key named __proto__ a key', () => {
    const [value] = parseYamlDocuments('__proto__: {kind: Evil}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value ?? {})).toEqual(['__proto__']);
  });
});

describe('errors say line and column', () => {
  it.each([
    ['a: b: c', 'line 1, column 4: Nested mappings are not allowed in compact mappings'],
    ['a: 1\n\ta: 1', 'line 2, column 1: Tabs are not allowed as indentation'],
    ['a: 1\nb:\n  c: 1\n  c: 2', 'line 4, column 3: key "c" is already set in this map'],
    ['a: 1\n---\nb: *c', 'line 3, column 4: unknown anchor "c"'],
    ['a: "x', 'line 1, column 6: Missing closing "quote'],
    ['a: .nan', 'line 1, column 4: NaN is not a JSON number'],
    ['? [a]\n: b', 'line 1, column 3: a key must be text'],
  ])('%j', (text, message) => expect(() => parseYamlDocuments(text)).toThrow(`error parsing YAML: ${message}`));
});

describe('bombs', () => {
  it('of aliases are refused', () => {
    const levels = 'bcdefghij'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`);
    const text = `a: &a [x,x,x,x,x,x,x,x,x]\n${levels.join('\n')}`;
    expect(() => parseYamlDocuments(text)).toThrow('document contains excessive aliasing');
    expect(() => parseYamlDocuments('a: &a [*a]')).toThrow('exceeded max depth of 512');
  });

  it.each([
    ['brackets', '['.repeat(50_000)],
    ['dashes', '- '.repeat(20_000)],
    ['maps', Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('of %s are refused', (_, text) => expect(() => parseYamlDocuments(text)).toThrow('exceeded max depth of 512'));

  it.each([
    ['brackets', '[\n'.repeat(1_500_000)],
    ['braces behind text', `a: "]]"\nb: ${'{a: '.repeat(700_000)}`],
    ['items in one line', '- '.repeat(1_500_000)],
  ])('are refused before they are parsed: %s', (_, text) => {
    const startMs = performance.now();
    expect(() => parseYamlDocuments(text)).toThrow('exceeded max depth of 512');
    // The parser would need more than ten seconds.
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it('that are only written, not nested, do not count', () => {
    const flat = { text: '['.repeat(1000), list: Array(1000).fill(['a']) };
    expect(parseYamlDocuments(`text: "${flat.text}"\nlist: [${Array(1000).fill('[a]').join(', ')}]\n`)).toEqual([flat]);
  });

  it('of size and number are refused', () => {
    expect(() => parseYamlDocuments('x'.repeat(100), { lengthMax: 99 })).toThrow('more than 99 characters');
    expect(() => parseYamlDocuments('a: 1\n---\n'.repeat(5), { documentsMax: 4 })).toThrow('more than 4 documents');
  });
});
