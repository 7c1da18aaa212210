import { parseJson } from '#api/schema/json.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { badRequest, unsupportedMediaType } from '#api/status-error.ts';
import type { Patch } from '#client/api-client.ts';
import { mediaTypeOf, readBody } from './body.ts';
import type { ApiRequest } from './message.ts';

const patchTypes = new Map<string, Patch['type']>([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
]);

/** The patch in a request's body. 415 for what is no patch, and for server-side apply, which this version does not have. */
export async function readPatch(request: ApiRequest): Promise<Patch> {
  const mediaType = mediaTypeOf(request.headers['content-type']);
  if (mediaType === 'application/apply-patch+yaml' || mediaType === 'application/apply-patch+cbor') {
    throw unsupportedMediaType(
      'server-side apply (application/apply-patch+yaml) is not supported yet by this version of Berth; use client-side apply or another patch type',
    );
  }
  const type = patchTypes.get(mediaType ?? '');
  if (!type) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${[...patchTypes.keys()].join(', ')}`,
    );
  }
  const { value: body } = parseJson(await readBody(request));
  if (type !== 'json') {
    if (!isJsonObject(body)) throw badRequest(`a ${mediaType} body must be a JSON object`);
    return { type, body };
  }
  if (!Array.isArray(body)) throw badRequest('a JSON patch must be an array of operations');
  return { type, body: body.map(operation) };
}

function operation(value: unknown): object {
  if (!isJsonObject(value)) throw badRequest('each operation of a JSON patch must be an object');
  return value;
}
