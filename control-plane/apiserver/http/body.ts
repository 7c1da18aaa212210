import { protobufMediaType } from '#api/protobuf/decode.ts';
import { badRequest, tooLarge, unsupportedMediaType } from '#api/status-error.ts';
import type { ApiRequest } from './message.ts';

/** As kube-apiserver's limit for one object. */
export const bodyMaxBytes = 3 * 1024 * 1024;

const empty = Buffer.alloc(0);

/**
 * What is read and dropped of a body that is too large. A client that is still sending would see its connection reset
 * instead of our answer; beyond this it does.
 */
const dropMaxBytes = 32 * 1024 * 1024;

/**
 * The whole body, in memory. 413 over the limit, 400 when the client breaks off or sends another length than it announced.
 */
export async function readBody(request: ApiRequest, maxBytes = bodyMaxBytes): Promise<Buffer> {
  const announced = request.headers['content-length'];
  const announcedBytes = announced === undefined ? undefined : Number(announced);
  if (announcedBytes !== undefined && announcedBytes > maxBytes + dropMaxBytes) throw entityTooLarge(maxBytes);
  if (!request.body || announcedBytes === 0) return empty;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else if (length > maxBytes + dropMaxBytes) break;
    }
  } catch (cause) {
    throw badRequest('the request body was cut off before its end', cause);
  }
  if (length > maxBytes) throw entityTooLarge(maxBytes);
  if (announcedBytes !== undefined && length < announcedBytes) {
    throw badRequest(`the request body ended after ${length} of ${announcedBytes} bytes`);
  }
  const only = chunks[0];
  return chunks.length === 1 && only ? only : Buffer.concat(chunks, length);
}

const entityTooLarge = (maxBytes: number) => tooLarge(`Request entity too large: limit is ${maxBytes}`);

/** `application/json; charset=utf-8` → `application/json`. */
export const mediaTypeOf = (contentType: string | undefined): string | undefined =>
  contentType?.split(';', 1)[0]?.trim().toLowerCase();

export type BodyFormat = 'json' | 'yaml' | 'protobuf';

/** JSON when nothing is said. 415 for what we cannot read. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  const type = mediaTypeOf(contentType);
  if (type === undefined || type === '' || type === 'application/json') return 'json';
  if (type === 'application/yaml') return 'yaml';
  if (type === protobufMediaType) return 'protobuf';
  throw unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}
