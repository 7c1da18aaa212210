import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { ApiResponse } from './message.ts';
import type { Representation } from './negotiate.ts';

const gzipAsync = promisify(gzip);

/** Below this, compressing costs more than it saves (as kube-apiserver). */
const gzipMinBytes = 128 * 1024;

/** Puts finished JSON into the form that was negotiated. */
export async function jsonResponse(
  status: number,
  json: Buffer | string,
  representation: Representation,
): Promise<ApiResponse> {
  const headers = { 'content-type': representation.contentType };
  if (representation.format === 'yaml') {
    // Few ask for it: it need not be in every server's memory.
    const { stringify } = await import('yaml');
    return {
      status,
      headers,
      body: Buffer.from(stringify(JSON.parse(json.toString()), { aliasDuplicateObjects: false })),
    };
  }
  if (representation.pretty) {
    return { status, headers, body: Buffer.from(`${JSON.stringify(JSON.parse(json.toString()), null, 2)}\n`) };
  }
  return { status, headers, body: typeof json === 'string' ? Buffer.from(json) : json };
}

export const textResponse = (status: number, text: string, contentType = 'text/plain; charset=utf-8'): ApiResponse => ({
  status,
  headers: { 'content-type': contentType, 'x-content-type-options': 'nosniff' },
  body: Buffer.from(text),
});

/** Compresses a big answer for a client that takes gzip. Streams are left alone: each line must arrive at once. */
export async function compressed(response: ApiResponse, acceptEncoding: string | undefined): Promise<ApiResponse> {
  const { body } = response;
  if (!Buffer.isBuffer(body) || body.length < gzipMinBytes || !acceptsGzip(acceptEncoding)) return response;
  if (response.headers['content-encoding'] !== undefined) return response;
  const packed = await gzipAsync(body, { level: constants.Z_BEST_SPEED });
  return {
    ...response,
    headers: { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
    body: packed,
  };
}

const acceptsGzip = (header: string | undefined): boolean =>
  header !== undefined && /(^|,)\s*gzip\s*(;\s*q=(1|0?\.[0-9]*[1-9])[0-9.]*\s*)?(,|$)/i.test(header);
