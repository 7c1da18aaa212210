import { expect, test } from 'vitest';
import { explainText, explainTree } from './print.ts';
import { explainSchema, findKind, followPath, schemasOf } from './schema.ts';

const ref = (name: string) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }], default: {} });
const schemas = schemasOf({
  components: {
    schemas: {
      'io.example.Cache': {
        description: 'Cache keeps things.',
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Cache' }],
        properties: {
          kind: { type: 'string', description: 'the kind' },
          spec: { ...ref('io.example.CacheSpec'), description: 'what is wanted' },
        },
      },
      'io.example.CacheSpec': {
        description: 'CacheSpec says how.',
        required: ['size'],
        properties: {
          size: { type: 'integer', description: 'how much' },
          mode: { type: 'string', enum: ['a', 'b'] },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          children: { type: 'array', items: ref('io.example.CacheSpec') },
        },
      },
    },
  },
});
const kind = findKind(schemas, 'example.com', 'v1', 'Cache') ?? {};
const type = { group: 'example.com', version: 'v1', kind: 'Cache' };

test('a kind and its fields', () => {
  expect(explainText(type, undefined, explainSchema(schemas, kind))).toBe(`GROUP:      example.com
KIND:       Cache
VERSION:    v1

DESCRIPTION:
    Cache keeps things.

FIELDS:
  kind	<string>
    the kind

  spec	<CacheSpec>
    what is wanted


`);
});

test('a field, through references and lists', () => {
  const explained = explainSchema(schemas, followPath(schemas, kind, ['spec', 'children', 'children']));
  expect(explained.typeName).toBe('[]CacheSpec');
  expect(explained.fields.map(({ name, typeName, required }) => [name, typeName, required])).toEqual([
    ['children', '[]CacheSpec', false],
    ['labels', 'map[string]string', false],
    ['mode', 'string', false],
    ['size', 'integer', true],
  ]);
  const text = explainText(type, 'spec', explainSchema(schemas, followPath(schemas, kind, ['spec'])));
  expect(text).toContain('FIELD: spec <CacheSpec>\n\n\nDESCRIPTION:\n    what is wanted\n\n    CacheSpec says how.\n');
  expect(text).toContain('  mode\t<string>\n  enum: a, b\n');
  expect(text).toContain('  size\t<integer> -required-\n');
});

test('a field that is not there: the error lists what is', () => {
  expect(() => followPath(schemas, kind, ['spec', 'nosuch'])).toThrow('field "nosuch" does not exist');
});

test('a schema that refers to itself has an end', () => {
  const lines = explainTree(schemas, explainSchema(schemas, kind));
  expect(lines[0]).toBe('  kind\t<string>');
  expect(lines.length).toBeLessThan(200);
});
