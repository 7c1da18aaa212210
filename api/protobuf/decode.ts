/** Kubernetes' protobuf encoding, turned into the JSON values that the rest of the server works with. Reading only. */
import { type ModelPlan, type Plan, planOf } from '../schema/plan.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../schema/record.ts';
import { badRequest, unsupportedMediaType } from '../status-error.ts';
import { type NumberedField, numberedFields } from './numbers.ts';
import { decodeMicroTime, decodeTime, intOrString } from './values.ts';
import { bytesField, malformed, packedVarints, type WireField, wireFields } from './wire.ts';

export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const depthMax = 100;

/**
 * The object in a request body, as JSON values with the apiVersion and kind of its envelope. Throws a StatusError: 400 for bytes
 * that make no sense, 415 for a model that has no protobuf form here.
 */
export function decodeProtobuf(body: Buffer, model: string | undefined): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic)) {
    throw badRequest('the request body does not begin as Kubernetes protobuf does');
  }
  const envelope = body.subarray(magic.length);
  const identity = bytesField(envelope, 1) ?? Buffer.alloc(0);
  const encoding = bytesField(envelope, 3)?.toString();
  if (encoding)
    throw unsupportedMediaType(`content encoding ${JSON.stringify(encoding)} inside protobuf is not supported`);
  if (model === undefined || !numberedFields(model)) {
    throw unsupportedMediaType(
      'objects of this kind are not read as protobuf - accepted media types include: application/json, application/yaml',
    );
  }
  const object = decodeMessage(model, planOf(model), bytesField(envelope, 2) ?? Buffer.alloc(0), {}, 0);
  const apiVersion = bytesField(identity, 1)?.toString();
  const kind = bytesField(identity, 2)?.toString();
  return { ...(apiVersion && { apiVersion }), ...(kind && { kind }), ...object };
}

function decodeMessage(message: string, plan: ModelPlan, bytes: Buffer, out: JsonObject, depth: number): JsonObject {
  if (depth > depthMax) throw badRequest(`protobuf: exceeded max depth of ${depthMax}`);
  const fields = numberedFields(message) ?? [];
  for (const wire of wireFields(bytes)) {
    const field = fields[wire.number - 1];
    if (!field) continue;
    if (field.isInline) {
      if (wire.kind !== 'bytes') throw malformed();
      decodeMessage(field.name, plan, wire.value, out, depth + 1);
      continue;
    }
    const fieldPlan = plan.fields.get(field.name);
    if (fieldPlan) put(out, field, fieldPlan, wire, depth);
  }
  return out;
}

function put(out: JsonObject, { name, keepsZero }: NumberedField, plan: Plan, wire: WireField, depth: number): void {
  if (plan.kind === 'list') {
    const known = getOwn(out, name);
    const list: unknown[] = Array.isArray(known) ? known : [];
    if (plan.items.kind === 'int' && wire.kind === 'bytes') {
      list.push(...packedVarints(wire.value).map((value) => Number(BigInt.asIntN(64, value))));
    } else list.push(decodeValue(plan.items, wire, depth));
    out[name] = list;
    return;
  }
  if (plan.kind === 'map') {
    const known = getOwn(out, name);
    const map = isJsonObject(known) ? known : {};
    putEntry(map, plan.items, wire, depth);
    out[name] = map;
    return;
  }
  const value = decodeValue(plan, wire, depth);
  // A zero that was not asked for is how Go writes a field that nobody set.
  const isUnset = value === '' || value === 0 || value === false || value === undefined;
  if (isUnset && !(keepsZero && value !== undefined)) delete out[name];
  else out[name] = value;
}

function putEntry(map: JsonObject, items: Plan, wire: WireField, depth: number): void {
  if (wire.kind !== 'bytes') throw malformed();
  let key = '';
  let value: unknown = items.kind === 'model' || items.kind === 'map' ? {} : items.kind === 'list' ? [] : '';
  for (const part of wireFields(wire.value)) {
    if (part.number === 1 && part.kind === 'bytes') key = part.value.toString();
    if (part.number === 2)
      value = items.kind === 'list' ? decodeWrappedList(items.items, part, depth) : decodeValue(items, part, depth);
  }
  setOwn(map, key, value);
}

/** A list as a map's value stands in a message of its own. */
function decodeWrappedList(items: Plan, wire: WireField, depth: number): unknown[] {
  if (wire.kind !== 'bytes') throw malformed();
  return [...wireFields(wire.value)]
    .filter(({ number }) => number === 1)
    .map((one) => decodeValue(items, one, depth + 1));
}

function decodeValue(plan: Plan, wire: WireField, depth: number): unknown {
  if (wire.kind === 'varint') {
    if (plan.kind === 'boolean') return wire.value !== 0n;
    if (plan.kind === 'int' || plan.kind === 'number') return Number(BigInt.asIntN(64, wire.value));
    throw malformed();
  }
  if (wire.kind !== 'bytes') {
    if (plan.kind !== 'number') throw malformed();
    return wire.kind === 'fixed64' ? wire.value.readDoubleLE() : wire.value.readFloatLE();
  }
  switch (plan.kind) {
    case 'string':
      return wire.value.toString();
    case 'bytes':
      return wire.value.toString('base64');
    case 'time':
      return decodeTime(wire.value);
    case 'microTime':
      return decodeMicroTime(wire.value);
    case 'quantity':
      return bytesField(wire.value, 1)?.toString() ?? '0';
    case 'intOrString':
      return intOrString(wire.value);
    case 'model':
      return decodeMessage(plan.model, planOf(plan.model), wire.value, {}, depth + 1);
    case 'any':
      return rawJson(bytesField(wire.value, 1));
    default:
      throw malformed();
  }
}

/** Free-form values stand as their JSON inside. */
function rawJson(raw: Buffer | undefined): unknown {
  if (!raw || raw.length === 0) return undefined;
  try {
    return JSON.parse(raw.toString());
  } catch (cause) {
    throw badRequest('protobuf: a free-form value is not JSON', cause);
  }
}
