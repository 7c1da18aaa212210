import type { ApiResponse } from '../http/message.ts';
import { textResponse } from '../http/respond.ts';
import { notServed, statusResponse } from '../http/status-response.ts';

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly message?: string | undefined;
}

/**
 * Answers /healthz, /livez or /readyz as kube-apiserver: `ok`, or the list of checks when one fails or `?verbose` asks for it.
 * `only`: one check of that name (`/readyz/etcd`). `?exclude=name` leaves checks out.
 */
export function healthResponse(
  endpoint: string,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
  only?: string,
): ApiResponse {
  if (only !== undefined) {
    const check = checks.find(({ name }) => name === only);
    if (!check) return statusResponse(notServed());
    return check.ok
      ? textResponse(200, 'ok')
      : textResponse(500, `internal server error: ${check.message ?? 'not ok'}\n`);
  }
  const excluded = new Set(query.getAll('exclude'));
  const failed = checks.filter(({ name, ok }) => !ok && !excluded.has(name));
  if (failed.length === 0 && !query.has('verbose')) return textResponse(200, 'ok');
  const lines = checks.map(({ name, ok, message }) => {
    if (excluded.has(name)) return `[+]${name} excluded: ok`;
    return ok ? `[+]${name} ok` : `[-]${name} failed: ${message ?? 'reason withheld'}`;
  });
  const verdict = `${endpoint} check ${failed.length ? 'failed' : 'passed'}`;
  return textResponse(failed.length ? 500 : 200, `${lines.join('\n')}\n${verdict}\n`);
}
