import { expect, it } from 'vitest';
import { coreFacts } from './merge-facts/core.ts';
import { groupFacts } from './merge-facts/groups.ts';
import { isAtomicModel, mergeFactOf } from './merge-facts.ts';
import { quantityFields } from './schema/quantity-fields.ts';
import { schemaOf } from './schema/schemas.ts';

it('tells how fields merge', () => {
  expect(mergeFactOf('V1Container', 'ports')).toEqual({
    type: 'map',
    merge: true,
    retainKeys: false,
    replace: false,
    keys: ['containerPort', 'protocol'],
  });
  expect(mergeFactOf('V1PodSpec', 'volumes')).toMatchObject({ merge: true, retainKeys: true, keys: ['name'] });
  expect(mergeFactOf('V1PodSpec', 'nodeName')).toBeUndefined();
  expect(mergeFactOf('constructor', 'name')).toBeUndefined();
  expect(isAtomicModel('V1LabelSelector')).toBe(true);
  expect(isAtomicModel('V1PodSpec')).toBe(false);
});

it('speaks only of fields that exist', () => {
  for (const [model, fields] of Object.entries({ ...coreFacts, ...groupFacts, ...quantityFields })) {
    const known = Object.keys(schemaOf(model)?.properties ?? {});
    for (const field of Object.keys(fields)) if (field !== 'self') expect(known, `${model}.${field}`).toContain(field);
  }
});
