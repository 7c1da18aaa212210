/** Writes the models as one JSON file of OpenAPI v3 schemas, keyed by model name; references are bare model names. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Model, ModelType } from './models.ts';

export function writeSchemas(models: readonly Model[], file: string): void {
  const schemas = Object.fromEntries(models.map((model) => [model.name, schemaOf(model)]));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(schemas));
}

function schemaOf(model: Model): object {
  const required = model.fields.filter((field) => field.required).map((field) => field.name);
  return {
    type: 'object',
    ...(model.description && { description: model.description }),
    properties: Object.fromEntries(
      model.fields.map((field) => [
        field.name,
        { ...(field.description && { description: field.description }), ...typeSchema(field.type) },
      ]),
    ),
    ...(required.length > 0 && { required }),
  };
}

function typeSchema(type: ModelType): object {
  switch (type.kind) {
    case 'any':
      return {};
    case 'intOrString':
      return { type: 'string', format: 'int-or-string' };
    case 'ref':
      return { $ref: type.name };
    case 'array':
      return { type: 'array', items: typeSchema(type.items) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.items) };
    case 'number':
      return { type: type.format.startsWith('int') ? 'integer' : 'number', format: type.format || 'double' };
    default:
      return { type: type.kind, ...(type.format && { format: type.format }) };
  }
}
