/** Writes an OpenAPI v2 document as gnostic's openapi.v2.Document, which older clients ask for. */
import { isJsonObject, type JsonObject } from '../schema/record.ts';
import { doubleField, lengthDelimited, varintField } from './protobuf-writer.ts';

/** Scalars; `any` is the value as YAML (of which JSON is a part); the rest are messages of the table below. */
type FieldType = 'string' | 'bool' | 'int64' | 'double' | 'any' | MessageName;

/** Field number, type, and how many: one, a list, or a map (written as a list of names and values). */
type Field = readonly [number, FieldType, ('list' | 'map')?];

type MessageName = keyof typeof messages;

interface Message {
  readonly fields: Readonly<Record<string, Field>>;
  /** Number of the list that takes the `x-…` keys. */
  readonly extensions?: number;
  /** Number of the list that takes all other keys, for messages that are maps themselves. */
  readonly entries?: readonly [number, FieldType];
  /** Wraps the encoded message: numbers of the messages around it, innermost first. */
  readonly within?: readonly number[];
}

const parameterFields = {
  required: [1, 'bool'],
  in: [2, 'string'],
  description: [3, 'string'],
  name: [4, 'string'],
} as const;

const messages = {
  document: {
    fields: {
      swagger: [1, 'string'],
      info: [2, 'info'],
      paths: [8, 'paths'],
      definitions: [9, 'schemas'],
      security: [12, 'securityRequirement', 'list'],
      securityDefinitions: [13, 'securityDefinitions'],
    },
    extensions: 16,
  },
  info: { fields: { title: [1, 'string'], version: [2, 'string'] }, extensions: 7 },
  paths: { fields: {}, extensions: 1, entries: [2, 'pathItem'] },
  pathItem: {
    fields: {
      get: [2, 'operation'],
      put: [3, 'operation'],
      post: [4, 'operation'],
      delete: [5, 'operation'],
      options: [6, 'operation'],
      head: [7, 'operation'],
      patch: [8, 'operation'],
      parameters: [9, 'parameter', 'list'],
    },
    extensions: 10,
  },
  operation: {
    fields: {
      tags: [1, 'string', 'list'],
      description: [3, 'string'],
      operationId: [5, 'string'],
      produces: [6, 'string', 'list'],
      consumes: [7, 'string', 'list'],
      parameters: [8, 'parameter', 'list'],
      responses: [9, 'responses'],
      schemes: [10, 'string', 'list'],
    },
    extensions: 13,
  },
  /** Replaced by one of the next three, by the place where the parameter stands. */
  parameter: { fields: {} },
  bodyParameter: {
    fields: {
      description: [1, 'string'],
      name: [2, 'string'],
      in: [3, 'string'],
      required: [4, 'bool'],
      schema: [5, 'schema'],
    },
    extensions: 6,
    within: [1, 1],
  },
  queryParameter: {
    fields: { ...parameterFields, type: [6, 'string'], format: [7, 'string'], uniqueItems: [20, 'bool'] },
    extensions: 23,
    within: [3, 2, 1],
  },
  pathParameter: {
    fields: { ...parameterFields, type: [5, 'string'], format: [6, 'string'], uniqueItems: [19, 'bool'] },
    extensions: 22,
    within: [4, 2, 1],
  },
  responses: { fields: {}, extensions: 2, entries: [1, 'response'] },
  response: { fields: { description: [1, 'string'], schema: [2, 'responseSchema'] }, extensions: 5, within: [1] },
  schemas: { fields: {}, entries: [1, 'schema'] },
  schema: {
    fields: {
      $ref: [1, 'string'],
      format: [2, 'string'],
      title: [3, 'string'],
      description: [4, 'string'],
      default: [5, 'any'],
      multipleOf: [6, 'double'],
      maximum: [7, 'double'],
      exclusiveMaximum: [8, 'bool'],
      minimum: [9, 'double'],
      exclusiveMinimum: [10, 'bool'],
      maxLength: [11, 'int64'],
      minLength: [12, 'int64'],
      pattern: [13, 'string'],
      maxItems: [14, 'int64'],
      minItems: [15, 'int64'],
      uniqueItems: [16, 'bool'],
      maxProperties: [17, 'int64'],
      minProperties: [18, 'int64'],
      required: [19, 'string', 'list'],
      enum: [20, 'any', 'list'],
      additionalProperties: [21, 'schemaOrBoolean'],
      type: [22, 'typeNames'],
      items: [23, 'responseSchema'],
      allOf: [24, 'schema', 'list'],
      properties: [25, 'schemas'],
      example: [30, 'any'],
    },
    extensions: 31,
  },
  /** A schema inside a message whose first field it is. */
  responseSchema: { fields: {}, within: [1] },
  schemaOrBoolean: { fields: {} },
  typeNames: { fields: {} },
  securityRequirement: { fields: {}, entries: [1, 'texts'] },
  texts: { fields: {} },
  securityDefinitions: { fields: {}, entries: [1, 'apiKey'] },
  apiKey: {
    fields: { type: [1, 'string'], name: [2, 'string'], in: [3, 'string'], description: [4, 'string'] },
    extensions: 5,
    within: [2],
  },
} as const;

const table: Readonly<Record<MessageName, Message>> = messages;

/** `document` as createOpenApiV2 makes it. Keys that the table does not know are left out. */
export const encodeOpenApiV2 = (document: object): Buffer => encodeMessage('document', document);

function encodeMessage(name: MessageName, value: unknown): Buffer {
  switch (name) {
    case 'typeNames':
    case 'texts':
      return Buffer.concat([value].flat().flatMap((text) => lengthDelimited(1, String(text))));
    case 'schemaOrBoolean':
      return typeof value === 'boolean'
        ? Buffer.concat(varintField(2, value))
        : Buffer.concat(lengthDelimited(1, encodeMessage('schema', value)));
    case 'responseSchema':
      return wrap(encodeMessage('schema', value), [1]);
    case 'parameter':
      return encodeMessage(parameterMessage(value), value);
    default:
      return wrap(encodeFields(table[name], isJsonObject(value) ? value : {}), table[name].within ?? []);
  }
}

const parameterMessage = (value: unknown): MessageName => {
  const place = isJsonObject(value) ? value.in : undefined;
  return place === 'body' ? 'bodyParameter' : place === 'path' ? 'pathParameter' : 'queryParameter';
};

const wrap = (bytes: Buffer, numbers: readonly number[]): Buffer =>
  numbers.reduce((inner, number) => Buffer.concat(lengthDelimited(number, inner)), bytes);

function encodeFields(message: Message, value: JsonObject): Buffer {
  const parts: Buffer[] = [];
  for (const [key, one] of Object.entries(value)) {
    const field = Object.hasOwn(message.fields, key) ? message.fields[key] : undefined;
    if (one === undefined) continue;
    if (field) parts.push(...encodeField(field, one));
    else if (key.startsWith('x-') && message.extensions) parts.push(...named(message.extensions, key, 'any', one));
    else if (message.entries) parts.push(...named(message.entries[0], key, message.entries[1], one));
  }
  return Buffer.concat(parts);
}

function encodeField([number, type, many]: Field, value: unknown): Buffer[] {
  return many === 'list' && Array.isArray(value)
    ? value.flatMap((one) => encodeValue(number, type, one))
    : encodeValue(number, type, value);
}

/** An entry of a map: a message of its name and its value. */
const named = (number: number, key: string, type: FieldType, value: unknown): Buffer[] =>
  lengthDelimited(number, Buffer.concat([...lengthDelimited(1, key), ...encodeValue(2, type, value)]));

function encodeValue(number: number, type: FieldType, value: unknown): Buffer[] {
  switch (type) {
    case 'string':
      return lengthDelimited(number, String(value));
    case 'bool':
      return varintField(number, value === true);
    case 'int64':
      return varintField(number, Math.max(0, Number(value)));
    case 'double':
      return doubleField(number, Number(value));
    case 'any':
      return lengthDelimited(number, Buffer.concat(lengthDelimited(2, JSON.stringify(value))));
    default:
      return lengthDelimited(number, encodeMessage(type, value));
  }
}
