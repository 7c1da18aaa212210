import { internalError, StatusError } from '#api/status-error.ts';
import type { ApiResponse } from './message.ts';

/** An error as the client sees it. What is not a StatusError becomes a 500 that keeps its inner words. */
export const toStatusError = (error: unknown): StatusError =>
  error instanceof StatusError ? error : internalError('see the server log for this Audit-Id', error);

export function statusResponse(error: StatusError, headers: ApiResponse['headers'] = {}): ApiResponse {
  const retryAfterSeconds = error.status.details?.retryAfterSeconds;
  return {
    status: error.code,
    headers: {
      'content-type': 'application/json',
      ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
      ...(error.code === 401 && { 'www-authenticate': 'Bearer' }),
      ...headers,
    },
    body: Buffer.from(JSON.stringify(error.status)),
  };
}

/** There is no such URL. */
export const notServed = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
