import type { RequestLabels } from '../metrics/metrics.ts';
import { type LinkedSignal, linkSignal } from './deadline.ts';
import type { Services } from './exchange.ts';
import type { ApiRequest, ApiResponse } from './message.ts';
import { warningHeaders } from './warnings.ts';

/** What is gathered while one request is worked on. */
export interface Call {
  readonly linked: LinkedSignal;
  /** Names this request in the log and in the answer. */
  readonly auditId: string;
  readonly warnings: string[];
  readonly startMs: number;
  /** Set once it is known what the request is about. */
  labels: RequestLabels;
}

export const beginCall = (request: ApiRequest, { random, clock }: Services): Call => ({
  linked: linkSignal(request.signal),
  auditId: sanitized(request.headers['audit-id']) ?? random.uuid(),
  warnings: [],
  startMs: clock.monotonicMs(),
  labels: {
    verb: knownMethods.has(request.method) ? request.method : 'OTHER',
    group: '',
    version: '',
    resource: '',
    subresource: '',
  },
});

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A caller may bring its own id, if it looks like one. */
const sanitized = (id: string | undefined): string | undefined =>
  id !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(id) ? id : undefined;

export function withCallHeaders(response: ApiResponse, { auditId, warnings }: Call): ApiResponse {
  return {
    ...response,
    headers: {
      'audit-id': auditId,
      'cache-control': 'no-cache, private',
      ...response.headers,
      ...(warnings.length > 0 && { warning: warningHeaders(warnings) }),
    },
  };
}

/** As the answer to HEAD: everything but the body. */
export function withoutBody({ status, headers, body }: ApiResponse): ApiResponse {
  const length = Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {};
  return { status, headers: { ...headers, ...length } };
}
