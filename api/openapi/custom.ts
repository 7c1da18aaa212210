/** Definitions of kinds made at run time, which bring their own schema or none. */
import { isJsonObject, type JsonObject } from '../schema/record.ts';
import { definitionName } from './definition-names.ts';
import { type Dialect, reference } from './definitions.ts';
import { definitionOf, listDefinitionOf } from './operations.ts';
import type { OpenApiResource } from './resource.ts';

export function customDefinitions(resources: readonly OpenApiResource[], dialect: Dialect): Record<string, object> {
  const custom = resources.filter(({ type }) => type.model === undefined);
  return Object.fromEntries(
    custom.flatMap((resource) => [
      [definitionOf(resource.type), kindDefinition(resource, dialect)],
      [listDefinitionOf(resource), listDefinition(resource, dialect)],
    ]),
  );
}

const text = { type: 'string' };

function kindDefinition({ type, schema }: OpenApiResource, dialect: Dialect): object {
  const own: JsonObject = isJsonObject(schema) ? schema : { 'x-kubernetes-preserve-unknown-fields': true };
  const properties = isJsonObject(own.properties) ? own.properties : {};
  return {
    ...own,
    type: 'object',
    properties: {
      ...properties,
      apiVersion: text,
      kind: text,
      metadata: reference(definitionName('V1ObjectMeta'), dialect),
    },
    'x-kubernetes-group-version-kind': [{ group: type.group, version: type.version, kind: type.kind }],
  };
}

const listDefinition = ({ type }: OpenApiResource, dialect: Dialect): object => ({
  description: `${type.kind}List is a list of ${type.kind}`,
  type: 'object',
  required: ['items'],
  properties: {
    apiVersion: text,
    kind: text,
    metadata: reference(definitionName('V1ListMeta'), dialect),
    items: { type: 'array', items: reference(definitionOf(type), dialect) },
  },
  'x-kubernetes-group-version-kind': [{ group: type.group, version: type.version, kind: `${type.kind}List` }],
});

/** Models that the definitions of such kinds refer to. */
export const modelsOfCustom = (resources: readonly OpenApiResource[]): string[] =>
  resources.some(({ type }) => type.model === undefined) ? ['V1ObjectMeta', 'V1ListMeta'] : [];
