import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { decodeObject } from '#api/schema/decode.ts';
import { parseJson } from '#api/schema/json.ts';
import { parseYamlDocuments } from '#api/schema/yaml.ts';
import { badRequest } from '#api/status-error.ts';
import type { FieldValidation } from '../actions/patch.ts';
import { type BodyFormat, bodyFormat, readBody } from './body.ts';
import { isRecord } from './json.ts';
import type { ApiRequest } from './message.ts';

/** The request's body as plain JSON values. */
export async function readValue(request: ApiRequest): Promise<unknown> {
  const format = bodyFormat(request.headers['content-type']);
  return parseBody(await readBody(request), format);
}

export function parseBody(body: Buffer, format: BodyFormat): unknown {
  if (format === 'json') return parseJson(body);
  const documents = parseYamlDocuments(body.toString());
  if (documents.length > 1) throw badRequest('the request body holds more than one YAML document');
  return documents[0];
}

/** The request's body as an object of `type`, its warnings collected. A missing kind or apiVersion is taken from the URL. */
export async function readObject<T extends KubeObject>(
  request: ApiRequest,
  type: ResourceType<T>,
  fieldValidation: FieldValidation,
  warnings: string[],
): Promise<T> {
  const value = await readValue(request);
  const decoded = decodeObject(type, withIdentity(type, value), fieldValidation);
  warnings.push(...decoded.warnings);
  return decoded.object;
}

function withIdentity(type: ResourceType, value: unknown): unknown {
  if (!isRecord(value)) {
    throw badRequest(`the request body must be a ${type.kind}, not ${describe(value)}`);
  }
  const expected = apiVersionOf(type);
  const { kind, apiVersion } = value;
  if (apiVersion !== undefined && apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== undefined && kind !== '' && kind !== type.kind) {
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: the kind in the data does not match the URL`,
    );
  }
  return kind && apiVersion ? value : { ...value, kind: type.kind, apiVersion: expected };
}

function describe(value: unknown): string {
  if (value === undefined) return 'empty';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
