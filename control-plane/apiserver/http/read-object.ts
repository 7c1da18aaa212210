import type { KubeObject } from '#api/meta.ts';
import { decodeProtobuf } from '#api/protobuf/decode.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { decodeObject, type FieldValidation } from '#api/schema/decode.ts';
import { type ParsedJson, parseJson } from '#api/schema/json.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { badRequest } from '#api/status-error.ts';
import { type BodyFormat, bodyFormat, readBody } from './body.ts';
import type { ApiRequest } from './message.ts';

/** The JSON values of a body; `model` is what a protobuf body holds. */
export async function parseBody(body: Buffer, format: BodyFormat, model: string | undefined): Promise<ParsedJson> {
  if (format === 'protobuf') return { value: decodeProtobuf(body, model), duplicates: [] };
  if (format === 'json') return parseJson(body);
  const { parseYamlDocuments } = await import('#api/schema/yaml.ts');
  const documents = parseYamlDocuments(body.toString());
  if (documents.length > 1) throw badRequest('the request body holds more than one YAML document');
  return { value: documents[0], duplicates: [] };
}

/**
 * The request's body as an object of `type`, its warnings collected. A missing kind or apiVersion is taken from the URL;
 * `otherVersions` of the type's group are read as if they were its own.
 */
export async function readObject<T extends KubeObject>(
  request: ApiRequest,
  type: ResourceType<T>,
  fieldValidation: FieldValidation,
  warnings: string[],
  otherVersions: readonly string[] = [],
): Promise<T> {
  const format = bodyFormat(request.headers['content-type']);
  const body = await readBody(request);
  if (body.length === 0) throw badRequest(`the request has no body: it must be a ${type.kind}`);
  const { value, duplicates } = await parseBody(body, format, type.model);
  const others = otherVersions.map((version) => apiVersionOf({ ...type, version }));
  const isOther = isJsonObject(value) && typeof value.apiVersion === 'string' && others.includes(value.apiVersion);
  const own = isOther ? { ...value, apiVersion: apiVersionOf(type) } : value;
  const decoded = decodeObject(type, own, fieldValidation, { duplicates });
  warnings.push(...decoded.warnings);
  return decoded.object;
}
