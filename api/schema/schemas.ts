/** The JSON schemas of every built-in model, generated into api/generated/schemas.json. */
import { createRequire } from 'node:module';

/** The part of OpenAPI v3 that the generated schemas use. An empty schema takes any value. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly description?: string;
  /** A bare model name. */
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
}

export type Schemas = Readonly<Record<string, Schema>>;

/** Read at the first use: most commands never need them. */
let loaded: Schemas | undefined;

export function allSchemas(): Schemas {
  if (!loaded) {
    const read: unknown = createRequire(import.meta.url)('../generated/schemas.json');
    if (!isSchemas(read)) throw new Error('api/generated/schemas.json is not a map of schemas: run `npm run generate`');
    loaded = read;
  }
  return loaded;
}

/** Undefined for models that do not exist. */
export function schemaOf(model: string): Schema | undefined {
  const schemas = allSchemas();
  return Object.hasOwn(schemas, model) ? schemas[model] : undefined;
}

const isSchemas = (value: unknown): value is Schemas =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'object');
