/** Turns JSON from outside into an object of a kind: checked, canonical, and private to the caller. */
import type { KubeObject } from '../meta.ts';
import { QuantityError } from '../quantity.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';
import { badRequest, type StatusError } from '../status-error.ts';
import { goTypeOf, type ModelPlan, type Plan, planOf } from './plan.ts';
import { isJsonObject, type JsonObject, setOwn } from './record.ts';
import {
  DecodeError,
  decodeBytes,
  decodeInteger,
  decodeIntOrString,
  decodeQuantity,
  decodeTime,
  describeValue,
} from './values.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface Decoded<T extends KubeObject = KubeObject> {
  readonly object: T;
  /** For `Warn`: what would have been an error with `Strict`. */
  readonly warnings: string[];
}

export interface DecodeOptions {
  /** Paths of fields that stood twice in the text (see parseJson), which JSON values no longer show. */
  readonly duplicates?: readonly string[];
}

/** Deeper documents are refused: every walk over an object is recursive, and the stack must hold it. */
export const depthMax = 512;
/** As Kubernetes: a document full of mistakes is answered with the first of them. */
const strictErrorsMax = 100;

/**
 * Throws a StatusError 400 with Kubernetes' words. `apiVersion` and `kind` may be absent, and are set. Kinds without a
 * model (custom resources) keep all fields; only their metadata is checked.
 */
export function decodeObject<T extends KubeObject>(
  type: ResourceType<T>,
  body: unknown,
  fieldValidation: FieldValidation,
  options: DecodeOptions = {},
): Decoded<T> {
  if (!isJsonObject(body)) throw unrecognized(type, body);
  checkIdentity(type, body);
  const decoding: Decoding = { unknownFields: [], keepAll: type.model === undefined, path: [], names: [], structs: [] };
  let object: JsonObject;
  try {
    object = decodeTop(type, body, decoding);
  } catch (error) {
    throw cannotHandle(type, body, error);
  }
  object.apiVersion = apiVersionOf(type);
  object.kind = type.kind;
  const strict = [
    ...decoding.unknownFields,
    ...(options.duplicates ?? []).map((path) => `duplicate field ${JSON.stringify(path)}`),
  ].slice(0, strictErrorsMax);
  if (fieldValidation === 'Strict' && strict.length > 0) {
    throw cannotHandle(type, body, new DecodeError(`strict decoding error: ${strict.join(', ')}`));
  }
  if (!isDecoded<T>(object)) throw unrecognized(type, body);
  return { object, warnings: fieldValidation === 'Warn' ? strict : [] };
}

/** The schema has just been checked, so the shape is what the type says. */
const isDecoded = <T extends KubeObject>(object: JsonObject): object is JsonObject & T => object.kind !== undefined;

function checkIdentity(type: ResourceType, body: JsonObject): void {
  const { apiVersion, kind } = body;
  for (const [name, value] of Object.entries({ apiVersion, kind })) {
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw badRequest(
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${describeValue(value)} into Go struct field TypeMeta.${name} of type string`,
      );
    }
  }
  const expected = apiVersionOf(type);
  if (apiVersion && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind && kind !== type.kind) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: the kind in the data (${kind}) does not match the expected kind (${type.kind})`,
    );
  }
}

function unrecognized(type: ResourceType, body: unknown): StatusError {
  const value = describeValue(body);
  return badRequest(
    `the object provided is unrecognized (must be of type ${type.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${value} into Go value of type struct { APIVersion string; Kind string }`,
  );
}

function cannotHandle(type: ResourceType, body: JsonObject, error: unknown): StatusError {
  if (!(error instanceof DecodeError) && !(error instanceof QuantityError)) throw error;
  const kind = body.kind || type.kind;
  const version = body.apiVersion || apiVersionOf(type);
  return badRequest(
    `${kind} in version ${JSON.stringify(String(version).split('/').at(-1))} cannot be handled as a ${type.kind}: ${error.message}`,
    error,
  );
}

/** Where the walk is, for messages. */
interface Decoding {
  readonly unknownFields: string[];
  readonly keepAll: boolean;
  /** `spec`, `.containers`, `[0]` … */
  readonly path: string[];
  /** Field names only, as Go's messages have them. */
  readonly names: string[];
  readonly structs: string[];
}

function decodeTop(type: ResourceType, body: JsonObject, decoding: Decoding): JsonObject {
  if (type.model !== undefined) return decodeModel(planOf(type.model), body, decoding, 0);
  const copy = copyAny(body, 0);
  if (!isJsonObject(copy)) throw new DecodeError('not an object');
  if (body.metadata === null) delete copy.metadata;
  if (copy.metadata !== undefined) {
    copy.metadata = decodeField('ObjectMeta', 'metadata', { kind: 'model', model: 'V1ObjectMeta' }, copy.metadata, {
      ...decoding,
      keepAll: false,
    });
  }
  return copy;
}

function decodeField(struct: string, name: string, plan: Plan, value: unknown, decoding: Decoding, depth = 1): unknown {
  decoding.structs.push(struct);
  decoding.names.push(name);
  decoding.path.push(decoding.path.length > 0 ? `.${name}` : name);
  const decoded = decodeValue(plan, value, decoding, depth);
  decoding.structs.pop();
  decoding.names.pop();
  decoding.path.pop();
  return decoded;
}

function decodeModel(plan: ModelPlan, value: JsonObject, decoding: Decoding, depth: number): JsonObject {
  const out: JsonObject = {};
  for (const name of Object.keys(value)) {
    const field = plan.fields.get(name);
    const given = value[name];
    if (!field) noteUnknown(name, decoding);
    else if (given !== null && given !== undefined) {
      const decoded = decodeField(plan.structName, name, field, given, decoding, depth + 1);
      // As Go's omitempty: `tolerations: []` and no tolerations are the same template, and must give it the same hash.
      if (!isEmptyCollection(field, decoded) || plan.required.has(name)) out[name] = decoded;
    }
  }
  return out;
}

function isEmptyCollection({ kind }: Plan, decoded: unknown): boolean {
  if (kind === 'list') return Array.isArray(decoded) && decoded.length === 0;
  return kind === 'map' && isJsonObject(decoded) && Object.keys(decoded).length === 0;
}

function noteUnknown(name: string, { unknownFields, path }: Decoding): void {
  if (unknownFields.length >= strictErrorsMax) return;
  const field = path.length > 0 ? `${path.join('')}.${name}` : name;
  unknownFields.push(`unknown field ${JSON.stringify(field)}`);
}

function decodeValue(plan: Plan, value: unknown, decoding: Decoding, depth: number): unknown {
  if (depth > depthMax) throw new DecodeError(`json: exceeded max depth of ${depthMax}`);
  switch (plan.kind) {
    case 'string':
      return typeof value === 'string' ? value : fail(plan, value, decoding);
    case 'boolean':
      return typeof value === 'boolean' ? value : fail(plan, value, decoding);
    case 'number':
      return typeof value === 'number' ? value : fail(plan, value, decoding);
    case 'int':
      return decodeInteger(value, plan.bits) ?? fail(plan, value, decoding);
    case 'bytes':
      return typeof value === 'string' ? decodeBytes(value) : fail(plan, value, decoding);
    case 'time':
    case 'microTime':
      return decodeTime(value, plan.kind === 'microTime');
    case 'intOrString':
      return decodeIntOrString(value);
    case 'quantity':
      return decodeQuantity(value, plan.rounded);
    case 'model':
      return isJsonObject(value)
        ? decodeModel(planOf(plan.model), value, decoding, depth)
        : fail(plan, value, decoding);
    case 'list':
      return Array.isArray(value) ? decodeList(plan.items, value, decoding, depth) : fail(plan, value, decoding);
    case 'map':
      return isJsonObject(value) ? decodeMap(plan.items, value, decoding, depth) : fail(plan, value, decoding);
    default:
      return copyAny(value, depth);
  }
}

function decodeList(items: Plan, value: readonly unknown[], decoding: Decoding, depth: number): unknown[] {
  return value.map((one, index) => {
    decoding.path.push(`[${index}]`);
    const decoded = one === null ? zeroOf(items) : decodeValue(items, one, decoding, depth + 1);
    decoding.path.pop();
    return decoded;
  });
}

function decodeMap(items: Plan, value: JsonObject, decoding: Decoding, depth: number): JsonObject {
  const out: JsonObject = {};
  for (const key of Object.keys(value)) {
    const one = value[key];
    decoding.path.push(`.${key}`);
    setOwn(out, key, one === null ? zeroOf(items) : decodeValue(items, one, decoding, depth + 1));
    decoding.path.pop();
  }
  return out;
}

/** What Go makes of a null inside a list or a map. */
function zeroOf(plan: Plan): unknown {
  switch (plan.kind) {
    case 'boolean':
      return false;
    case 'number':
    case 'int':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'list':
      return [];
    case 'map':
    case 'model':
      return {};
    case 'any':
      return null;
    default:
      return '';
  }
}

function copyAny(value: unknown, depth: number): unknown {
  if (depth > depthMax) throw new DecodeError(`json: exceeded max depth of ${depthMax}`);
  if (Array.isArray(value)) return value.map((one) => copyAny(one, depth + 1));
  if (!isJsonObject(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value)) setOwn(out, key, copyAny(value[key], depth + 1));
  return out;
}

function fail(plan: Plan, value: unknown, { structs, names }: Decoding): never {
  const what = describeValue(value, plan.kind === 'int');
  throw new DecodeError(
    `json: cannot unmarshal ${what} into Go struct field ${structs.at(-1)}.${names.join('.')} of type ${goTypeOf(plan)}`,
  );
}
