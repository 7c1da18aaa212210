import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import { decodeObject } from '#api/schema/decode.ts';
import { schemaOf } from '#api/schema/schemas.ts';
import { StatusError } from '#api/status-error.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ResourceDefinition } from '../apiserver/resource-definition.ts';
import { builtInDefinitions } from './all.ts';

/** Texts of which each is right somewhere and wrong nearly everywhere else. */
const texts = [
  '',
  'a',
  'A b',
  'x/y',
  '10.0.0.1',
  '1Gi',
  '..',
  '/../x',
  'é',
  '50%',
  'None',
  'Always',
  'RollingUpdate',
  'In',
  '* * * * *',
];
const numbers = [0, 1, -1, 80, 70_000, 2 ** 31, 0.5];
const nowMs = Date.UTC(2026, 0, 1);

type Schema = ReturnType<typeof schemaOf>;

/** An object of the right JSON types with most of its fields missing: what a careless or hostile client may send. */
function makeUp(schema: Schema, next: () => number, depth: number): unknown {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
  const reference = schema?.$ref;
  if (reference) return depth > 12 ? {} : makeUp(schemaOf(reference), next, depth + 1);
  const many = () => Array.from({ length: Math.floor(next() * 3) });
  switch (schema?.type) {
    case 'string':
      return schema.format === 'date-time' ? '2026-01-01T00:00:00Z' : pick(texts);
    case 'integer':
      return Math.trunc(pick(numbers) ?? 0);
    case 'number':
      return pick(numbers);
    case 'boolean':
      return next() < 0.5;
    case 'array':
      return many().map(() => makeUp(schema.items, next, depth + 1));
    default: {
      const extra = schema?.additionalProperties;
      if (typeof extra === 'object') {
        return Object.fromEntries(many().map(() => [pick(texts) ?? '', makeUp(extra, next, depth + 1)]));
      }
      const keep = depth < 3 ? 0.6 : 0.35;
      const entries = Object.entries(schema?.properties ?? {}).filter(() => next() < keep);
      return Object.fromEntries(entries.map(([name, property]) => [name, makeUp(property, next, depth + 1)]));
    }
  }
}

function decoded(definition: ResourceDefinition, seed: number): KubeObject | undefined {
  const { type } = definition;
  const random = createSeededRandom(seed);
  const made = makeUp(schemaOf(type.model ?? ''), random.next, 0);
  const body = { ...(typeof made === 'object' ? made : {}), apiVersion: apiVersionOf(type), kind: type.kind };
  try {
    return decodeObject(type, body, 'Ignore').object;
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** As the registry calls them. */
function live(definition: ResourceDefinition, object: KubeObject, old: KubeObject | undefined): number {
  const { strategy, columns, viewOf } = definition;
  const context = { nowMs };
  strategy.default?.(object);
  const once = JSON.stringify(object);
  strategy.default?.(object);
  expect(JSON.stringify(object)).toBe(once);
  if (viewOf) {
    const hub = viewOf.toHub(object);
    viewOf.fromHub(hub);
  }
  if (!old) strategy.prepareForCreate?.(object, context);
  else strategy.prepareForUpdate?.(object, old, context);
  const before = JSON.stringify(object);
  const errors = [
    ...(strategy.validate?.(object, context) ?? []),
    ...(old ? (strategy.validateUpdate?.(object, old, context) ?? []) : []),
    ...(old ? (strategy.validateStatus?.(object, old, context) ?? []) : []),
  ];
  for (const error of errors) expect(error.message).toMatch(/^[A-Z]/);
  strategy.warnings?.(object, old, context);
  strategy.gracePeriodSeconds?.(object, undefined);
  for (const read of Object.values(strategy.selectableFields ?? {})) expect(typeof read(object)).toBe('string');
  expect(JSON.stringify(object)).toBe(before);
  for (const column of columns) {
    expect(['string', 'number', 'boolean'], column.name).toContain(typeof column.cell(object, nowMs));
  }
  return errors.length;
}

describe('every kind', () => {
  it.each(builtInDefinitions().map((definition) => [definition.type.kind, definition.type.group, definition] as const))(
    '%s of %j takes whatever has the right types, without an exception, and twice the same',
    (_kind, _group, definition) => {
      fc.assert(
        fc.property(fc.nat(), fc.nat(), (seed, otherSeed) => {
          const object = decoded(definition, seed);
          const old = decoded(definition, otherSeed);
          if (!object || !old) return;
          definition.strategy.default?.(old);
          const frozen = JSON.stringify(old);
          live(definition, structuredClone(object), undefined);
          live(definition, structuredClone(object), old);
          expect(JSON.stringify(old)).toBe(frozen);
        }),
        { numRuns: 60, seed: 1 },
      );
    },
  );
});
