/** A model's schema made ready for decoding: one plan per model, built at the first use and kept. */
import { quantityFields } from './quantity-fields.ts';
import { type Schema, schemaOf } from './schemas.ts';

export type Plan =
  | { readonly kind: 'string' | 'boolean' | 'number' | 'any' | 'bytes' | 'time' | 'microTime' | 'intOrString' }
  | { readonly kind: 'int'; readonly bits: 32 | 64 }
  /** `rounded`: lists of resources keep thousandths at the finest. */
  | { readonly kind: 'quantity'; readonly rounded: boolean }
  | { readonly kind: 'list' | 'map'; readonly items: Plan }
  | { readonly kind: 'model'; readonly model: string };

export interface ModelPlan {
  /** The Go struct's name, for messages: `PodSpec`. */
  readonly structName: string;
  /** `v1.PodSpec`. */
  readonly goType: string;
  readonly fields: ReadonlyMap<string, Plan>;
  readonly required: ReadonlySet<string>;
}

const plans = new Map<string, ModelPlan>();

/** Throws for a model that does not exist: that is a programmer's mistake. */
export function planOf(model: string): ModelPlan {
  const known = plans.get(model);
  if (known) return known;
  const schema = schemaOf(model);
  if (!schema) throw new Error(`there is no model ${model}`);
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]): [string, Plan] => [
    name,
    fieldPlan(model, name, field),
  ]);
  const [, version = 'V1', structName = model] = /^(?:[A-Z][a-z]+(?=V\d))?(V\d+)(.+)$/.exec(model) ?? [];
  const plan = {
    structName,
    goType: `${version.toLowerCase()}.${structName}`,
    fields: new Map(fields),
    required: new Set(schema.required),
  };
  plans.set(model, plan);
  return plan;
}

function fieldPlan(model: string, name: string, schema: Schema): Plan {
  switch (quantityFields[model]?.[name]) {
    case 'one':
      return { kind: 'quantity', rounded: false };
    case 'map':
      return { kind: 'map', items: { kind: 'quantity', rounded: true } };
    case 'list':
      return { kind: 'list', items: { kind: 'quantity', rounded: false } };
    default:
      return schemaPlan(schema);
  }
}

function schemaPlan(schema: Schema): Plan {
  if (schema.$ref) return { kind: 'model', model: schema.$ref };
  switch (schema.type) {
    case 'array':
      return { kind: 'list', items: schemaPlan(schema.items ?? {}) };
    case 'object':
      return schema.additionalProperties
        ? { kind: 'map', items: schemaPlan(schema.additionalProperties) }
        : { kind: 'any' };
    case 'integer':
      return { kind: 'int', bits: schema.format === 'int32' ? 32 : 64 };
    case 'number':
    case 'boolean':
      return { kind: schema.type };
    case 'string':
      return { kind: stringKind(schema.format) };
    default:
      return { kind: 'any' };
  }
}

function stringKind(format: string | undefined): 'string' | 'bytes' | 'time' | 'microTime' | 'intOrString' {
  switch (format) {
    case 'byte':
      return 'bytes';
    case 'date-time':
      return 'time';
    case 'date-time-micro':
      return 'microTime';
    case 'int-or-string':
      return 'intOrString';
    default:
      return 'string';
  }
}

/** How Go names the plan's type in messages. */
export function goTypeOf(plan: Plan): string {
  switch (plan.kind) {
    case 'int':
      return `int${plan.bits}`;
    case 'list':
      return `[]${goTypeOf(plan.items)}`;
    case 'map':
      return `map[string]${goTypeOf(plan.items)}`;
    case 'model':
      return planOf(plan.model).goType;
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bytes':
      return '[]uint8';
    case 'quantity':
      return 'resource.Quantity';
    case 'intOrString':
      return 'intstr.IntOrString';
    default:
      return 'string';
  }
}
