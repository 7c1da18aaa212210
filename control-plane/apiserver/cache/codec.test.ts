import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { V1ConfigMap } from '#api/generated/types.ts';
import { configMaps } from '#api/kinds.ts';
import { createCodec } from './codec.ts';

const codec = createCodec(configMaps);
const metadata = { name: 'a', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };

describe('the codec', () => {
  test('what is encoded decodes to the same object and the same bytes', () => {
    const names = fc.stringMatching(/^[a-zé"\\]{1,8}$/);
    const data = fc.dictionary(names, fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(
        data,
        fc.dictionary(names, fc.string()),
        fc.integer({ min: 1, max: 2 ** 40 }),
        (data, labels, revision) => {
          const draft = codec.encode({ data, metadata: { ...metadata, labels } });
          const written = draft.finish(revision);
          const read = codec.decode(draft.value, revision);
          expect(read.object).toEqual(JSON.parse(written.json));
          expect(read.json).toBe(written.json);
          expect(written.object.metadata.resourceVersion).toBe(String(revision));
        },
      ),
    );
  });

  test('another version of an entry differs in nothing else', () => {
    const entry = codec.encode({ metadata, data: { x: '1' } }).finish(7);
    const later = codec.withRevision(entry, 1234);
    const wanted = { ...entry.object, metadata: { ...entry.object.metadata, resourceVersion: '1234' } };
    expect(later.object).toEqual(wanted);
    expect(JSON.parse(later.json)).toEqual(wanted);
    expect(codec.withRevision(later, 7).json).toBe(entry.json);
  });

  test.each([
    ['another order of fields', { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { x: '1' } }],
    [
      'a resourceVersion inside',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, resourceVersion: '3' }, data: { x: '1' } },
    ],
  ])('reads what others stored, with %s', (_, object) => {
    const entry = codec.decode(Buffer.from(JSON.stringify(object)), 9);
    expect(entry.object).toMatchObject({ data: { x: '1' }, metadata: { resourceVersion: '9' } });
    expect(JSON.parse(entry.json)).toEqual(entry.object);
    expect(entry.json.match(/resourceVersion/g)).toHaveLength(1);
  });

  test.each(['', 'nonsense', 'null', '{}', '[]', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'])(
    'refuses what is no object of its kind: %s',
    (text) => {
      expect(() => codec.decode(Buffer.from(text), 1)).toThrow();
    },
  );

  test('freezes everything, and a draft is written once', () => {
    const draft = codec.encode({ metadata: { ...metadata, labels: { l: '1' } }, data: { x: '1' } });
    const entry = draft.finish(5);
    expect(draft.finish(5)).toBe(entry);
    expect(() => draft.finish(6)).toThrow('written twice');
    expect(Object.isFrozen(entry.object.metadata.labels)).toBe(true);
  });

  test('does not change what it was given', () => {
    const object: V1ConfigMap = { metadata: { ...metadata, managedFields: [{ manager: 'm' }], resourceVersion: '3' } };
    const before = structuredClone(object);
    codec.encode(object).finish(5);
    codec.preview(object);
    expect(object).toEqual(before);
    expect(Object.isFrozen(object)).toBe(false);
  });

  test('parses what is seldom read when it is asked for, and keeps no more than its JSON', () => {
    const seldom = createCodec(configMaps, { readSeldom: true });
    const draft = seldom.encode({ metadata, data: { x: 'é' } });
    const written = draft.finish(5);
    expect(draft.finish(5)).toBe(written);
    for (const entry of [written, seldom.decode(draft.value, 5)]) {
      expect(entry.json).toBe(codec.decode(draft.value, 5).json);
      expect(entry.object).toEqual(codec.decode(draft.value, 5).object);
      expect(entry.object).not.toBe(entry.object);
      expect(Object.isFrozen(entry.object.data)).toBe(true);
      expect(seldom.withRevision(entry, 9).object.metadata.resourceVersion).toBe('9');
    }
    expect(seldom.preview({ metadata, data: { x: '1' } }).object.metadata.resourceVersion).toBe('');
    expect(() =>
      seldom.decode(Buffer.from('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'), 1),
    ).toThrow();
  });
});
