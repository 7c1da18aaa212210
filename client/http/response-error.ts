import { StatusError, type StatusReason } from '#api/status-error.ts';

const reasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
const known: ReadonlySet<string> = new Set<StatusReason>([
  ...Object.values(reasons),
  'AlreadyExists',
  'Expired',
  'ServerTimeout',
]);

const isReason = (value: unknown): value is StatusReason => typeof value === 'string' && known.has(value);

/** The server's own Status; where the body is none (a proxy's page), one made of the code and the first of its words. */
export function errorFromResponse(
  code: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): StatusError {
  const status = parseStatus(body);
  if (status) return errorFromStatus(status, code);
  const words = body.trim().slice(0, 200);
  const message = words || `the server answered with code ${code}`;
  const retry = Number(headers['retry-after']);
  return new StatusError(
    code,
    reasons[code] ?? 'Unknown',
    message,
    retry > 0 ? { retryAfterSeconds: retry } : undefined,
  );
}

/** `code` is used when the Status carries none. */
export function errorFromStatus(status: object, code: number): StatusError {
  const field = (name: string): unknown => Reflect.get(status, name);
  const reason = field('reason');
  const ownCode = field('code');
  const finalCode = typeof ownCode === 'number' ? ownCode : code;
  const details = field('details');
  return new StatusError(
    finalCode,
    isReason(reason) ? reason : (reasons[finalCode] ?? 'Unknown'),
    String(field('message') ?? `the server answered with code ${finalCode}`),
    typeof details === 'object' && details !== null ? details : undefined,
  );
}

function parseStatus(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'Status') return value;
  } catch {
    // Not JSON: the caller makes an error of the text.
  }
  return undefined;
}
