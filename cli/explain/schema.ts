import { isJsonObject } from '#api/schema/record.ts';
import { CliError } from '../command.ts';

/** The schemas of one OpenAPI v3 document, by name. */
export type Schemas = Readonly<Record<string, unknown>>;

type Schema = Readonly<Record<string, unknown>>;

/** One place in a kind: what it is called, its type, what it is for, and what is in it. */
export interface Explained {
  readonly typeName: string;
  readonly description: string;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainedField {
  readonly name: string;
  readonly typeName: string;
  readonly required: boolean;
  readonly description: string;
  readonly enumValues: readonly string[];
  /** What `--recursive` goes on with. */
  readonly schema: Schema;
}

export function schemasOf(document: unknown): Schemas {
  const components = isJsonObject(document) ? document.components : undefined;
  return isJsonObject(components) && isJsonObject(components.schemas) ? components.schemas : {};
}

/** The schema of a kind; undefined when the document has none for it. */
export function findKind(schemas: Schemas, group: string, version: string, kind: string): Schema | undefined {
  const isIt = (one: unknown): boolean =>
    isJsonObject(one) && (one.group ?? '') === group && one.version === version && one.kind === kind;
  return Object.values(schemas)
    .filter(isJsonObject)
    .find((schema) => {
      const kinds = schema['x-kubernetes-group-version-kind'];
      return Array.isArray(kinds) && kinds.some(isIt);
    });
}

/** Follows a path of field names, through lists and maps. Throws a CliError with kubectl's words when one is not there. */
export function followPath(schemas: Schemas, start: Schema, path: readonly string[]): Schema {
  return path.reduce<Schema>((schema, field) => {
    const next = properties(schemas, schema)[field];
    if (isJsonObject(next)) return next;
    throw new CliError(`field ${JSON.stringify(field)} does not exist`, {
      fix: `There is: ${Object.keys(properties(schemas, schema)).sort().join(', ') || 'nothing below it'}`,
    });
  }, start);
}

export function explainSchema(schemas: Schemas, schema: Schema): Explained {
  const inner = elementOf(schemas, schema);
  const required = Array.isArray(inner.required) ? inner.required : [];
  const own = textOf(schema.description);
  const below = textOf(inner.description);
  return {
    typeName: typeNameOf(schemas, schema),
    description: [own, ...(below !== own ? [below] : [])].filter(Boolean).join('\n\n'),
    fields: Object.entries(properties(schemas, schema))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, value]) => {
        if (!isJsonObject(value)) return [];
        const field = {
          name,
          typeName: typeNameOf(schemas, value),
          required: required.includes(name),
          description: textOf(value.description) || textOf(elementOf(schemas, value).description),
          enumValues: Array.isArray(value.enum) ? value.enum.map(String) : [],
          schema: value,
        };
        return [field];
      }),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `$ref`, alone or as the one part of `allOf`. */
function referenceOf(schema: Schema): string | undefined {
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1);
  const [only, ...more] = Array.isArray(schema.allOf) ? schema.allOf : [];
  return isJsonObject(only) && more.length === 0 ? referenceOf(only) : undefined;
}

function resolve(schemas: Schemas, schema: Schema): Schema {
  const found = schemas[referenceOf(schema) ?? ''];
  return isJsonObject(found) ? found : schema;
}

/** What a list or map is of, as deep as it goes. */
function elementOf(schemas: Schemas, schema: Schema): Schema {
  const resolved = resolve(schemas, schema);
  const inner = resolved.items ?? resolved.additionalProperties;
  return isJsonObject(inner) ? elementOf(schemas, inner) : resolved;
}

function properties(schemas: Schemas, schema: Schema): Record<string, unknown> {
  const found = elementOf(schemas, schema).properties;
  return isJsonObject(found) ? found : {};
}

function typeNameOf(schemas: Schemas, schema: Schema): string {
  const reference = referenceOf(schema);
  const resolved = resolve(schemas, schema);
  if (reference !== undefined) return reference.split('.').at(-1) ?? reference;
  if (isJsonObject(resolved.items)) return `[]${typeNameOf(schemas, resolved.items)}`;
  if (isJsonObject(resolved.additionalProperties))
    return `map[string]${typeNameOf(schemas, resolved.additionalProperties)}`;
  if (resolved.type === 'object') return 'Object';
  return textOf(resolved.type) || 'Object';
}
