/** The definitions of both documents: our models with Kubernetes' names, types and extensions. */
import { isAtomicModel, type MergeFact, mergeFactOf } from '../merge-facts.ts';
import { quantityFields } from '../schema/quantity-fields.ts';
import { type Schema, schemaOf } from '../schema/schemas.ts';
import { definitionName } from './definition-names.ts';
import type { GroupVersionKind } from './resource.ts';
import { anyTypes, sharedDefinitions, sharedDefinitionsV3 } from './shared-definitions.ts';

/** OpenAPI v2 puts a reference beside its description, v3 inside `allOf`. */
export type Dialect = 'v2' | 'v3';

const prefixes = { v2: '#/definitions/', v3: '#/components/schemas/' } as const;

export const reference = (name: string, dialect: Dialect): object => ({ $ref: `${prefixes[dialect]}${name}` });

/** The definitions of these models and of everything they reach, sorted by name. */
export function collectDefinitions(
  models: readonly string[],
  kindsOf: ReadonlyMap<string, readonly GroupVersionKind[]>,
  dialect: Dialect,
): Record<string, object> {
  const out = new Map<string, object>();
  const sharedOnes = dialect === 'v3' ? sharedDefinitionsV3 : sharedDefinitions;
  const waiting = [...models];
  for (let model = waiting.pop(); model !== undefined; model = waiting.pop()) {
    const name = definitionName(model);
    if (out.has(name)) continue;
    const reached = new Reached();
    out.set(name, modelDefinition(model, kindsOf.get(model), dialect, reached));
    waiting.push(...reached.models);
    for (const shared of reached.shared) out.set(shared, sharedOnes[shared] ?? {});
  }
  return Object.fromEntries([...out].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

class Reached {
  readonly models = new Set<string>();
  readonly shared = new Set<string>();
}

function modelDefinition(
  model: string,
  kinds: readonly GroupVersionKind[] | undefined,
  dialect: Dialect,
  reached: Reached,
): object {
  const schema = schemaOf(model) ?? {};
  const properties = Object.entries(schema.properties ?? {}).map(([field, one]) => [
    field,
    fieldDefinition(model, field, one, dialect, reached),
  ]);
  return {
    ...(schema.description && { description: schema.description }),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(schema.required && { required: schema.required }),
    type: 'object',
    ...(kinds && { 'x-kubernetes-group-version-kind': kinds }),
    ...(isAtomicModel(model) && { 'x-kubernetes-map-type': 'atomic' }),
  };
}

function fieldDefinition(model: string, field: string, schema: Schema, dialect: Dialect, reached: Reached): object {
  const quantity = quantityFields[model]?.[field] !== undefined;
  const anyType = anyTypes[`${model}.${field}`];
  const type = typeDefinition(schema, { dialect, reached, quantity, anyType });
  const fact = mergeFactOf(model, field);
  const described = { ...(schema.description && { description: schema.description }), ...extensions(fact, schema) };
  if (dialect === 'v2' || !('$ref' in type)) return { ...described, ...type };
  return Object.keys(described).length > 0 ? { ...described, allOf: [type] } : type;
}

interface TypeContext {
  readonly dialect: Dialect;
  readonly reached: Reached;
  readonly quantity: boolean;
  readonly anyType: string | undefined;
}

function typeDefinition(schema: Schema, context: TypeContext): object {
  const { dialect, reached } = context;
  if (schema.$ref) {
    reached.models.add(schema.$ref);
    return reference(definitionName(schema.$ref), dialect);
  }
  if (schema.type === 'array') return { type: 'array', items: typeDefinition(schema.items ?? {}, context) };
  if (schema.additionalProperties) {
    return { type: 'object', additionalProperties: typeDefinition(schema.additionalProperties, context) };
  }
  const shared = sharedName(schema, context);
  if (shared) {
    reached.shared.add(shared);
    return reference(shared, dialect);
  }
  return { ...(schema.type && { type: schema.type }), ...(schema.format && { format: schema.format }) };
}

function sharedName(schema: Schema, { quantity, anyType }: TypeContext): string | undefined {
  if (quantity) return 'io.k8s.apimachinery.pkg.api.resource.Quantity';
  if (schema.type === undefined) return anyType;
  switch (schema.format) {
    case 'date-time':
      return 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
    case 'date-time-micro':
      return 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
    case 'int-or-string':
      return 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
    default:
      return undefined;
  }
}

function extensions(fact: MergeFact | undefined, schema: Schema): object {
  if (!fact) return {};
  const strategies = [
    ...(fact.merge ? ['merge'] : []),
    ...(fact.retainKeys ? ['retainKeys'] : []),
    ...(fact.replace ? ['replace'] : []),
  ];
  const onMap = fact.type === 'granular' || (schema.type === 'object' && fact.type === 'atomic');
  return {
    ...(fact.type && !onMap && { 'x-kubernetes-list-type': fact.type }),
    ...(fact.type && onMap && { 'x-kubernetes-map-type': fact.type }),
    ...(fact.type === 'map' && { 'x-kubernetes-list-map-keys': fact.keys }),
    ...(fact.merge && fact.keys.length > 0 && { 'x-kubernetes-patch-merge-key': fact.keys[0] }),
    ...(strategies.length > 0 && { 'x-kubernetes-patch-strategy': strategies.join(',') }),
  };
}
