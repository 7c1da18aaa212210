import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../status-error.ts';
import { parseJson } from './json.ts';

describe('duplicates', () => {
  it.each([
    ['{"a":1,"b":{"a":1}}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"a":[{"b":1},{"b":1,"c":[1,2],"b":2}]}', ['a[1].b']],
    ['{"a\\u0062":1,"ab":2}', ['ab']],
    ['{"a":"\\"a\\":1","b":"{\\"a\\":1,\\"a\\":2}"}', []],
    ['{"a":"\\\\","a":1,"a":1}', ['a']],
    ['["a","a",{"x":["y","y"]}]', []],
    ['{"__proto__":1,"constructor":2,"toString":3}', []],
  ])('of %s', (text, duplicates) => expect(parseJson(text).duplicates).toEqual(duplicates));

  it('are none in what JSON.stringify writes, and the value is the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates: [] });
      }),
    );
  });
});

describe('refusals', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['{"a":"', 'unexpected end of JSON input'],
    ['{\n  "a": 1,\n}', 'invalid character "}" at line 3, column 1'],
  ])('of %j say where', (text, message) => {
    expect(() => parseJson(text)).toThrow(`couldn't get version/kind; json parse error: ${message}`);
  });

  it('of endless nesting and of too many bytes', () => {
    expect(() => parseJson('['.repeat(3_000_000))).toThrow('exceeded max depth of 512');
    expect(() => parseJson('{"a":'.repeat(600_000))).toThrow('exceeded max depth of 512');
    expect(() => parseJson(`"${'x'.repeat(3 * 1024 * 1024)}"`)).toThrow(StatusError);
    expect(() => parseJson(Buffer.from('{"a":[1]}'), { depthMax: 1 })).toThrow('exceeded max depth of 1');
  });

  it('are always StatusErrors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1'), { maxLength: 30 }),
        (parts) => {
          try {
            parseJson(parts.join(''));
          } catch (error) {
            expect(error).toBeInstanceOf(StatusError);
          }
        },
      ),
    );
  });
});
