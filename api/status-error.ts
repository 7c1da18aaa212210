import type { FieldError } from './field-error.ts';
import type { V1Status, V1StatusCause } from './generated/types.ts';

/** The closed set of reasons an API call may fail with (apimachinery's metav1.StatusReason). */
export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'ServerTimeout'
  | 'Timeout'
  | 'ServiceUnavailable'
  | 'InternalError'
  | 'Unknown';

/** Which resource an error is about, as its message names it: `deployments.apps "web" not found`. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** The one error of the API, in process and over HTTPS: a Kubernetes Status with its HTTP code. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: V1Status & { code: number; reason: StatusReason; message: string };

  constructor(
    code: number,
    reason: StatusReason,
    message: string,
    details?: V1Status['details'],
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): StatusReason {
    return this.status.reason;
  }
}

/** `deployments.apps`, `pods`. */
export const qualified = ({ group, resource }: ResourceName): string => (group ? `${resource}.${group}` : resource);

const detailsOf = (type: ResourceName, name: string): V1Status['details'] => ({
  name,
  ...(type.group && { group: type.group }),
  kind: type.resource,
});

export const notFound = (type: ResourceName, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(type)} ${JSON.stringify(name)} not found`, detailsOf(type, name));

export const alreadyExists = (type: ResourceName, name: string): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(type)} ${JSON.stringify(name)} already exists`,
    detailsOf(type, name),
  );

export const conflict = (type: ResourceName, name: string, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(type)} ${JSON.stringify(name)}: ${why}`,
    detailsOf(type, name),
  );

/** The usual conflict of optimistic concurrency, word for word. */
export const staleVersion = (type: ResourceName, name: string): StatusError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again');

/** `kind` is `Pod`, `group` its API group (empty for core). */
export function invalid(kind: string, group: string, name: string, errors: readonly FieldError[]): StatusError {
  const lines = errors.map((error) => `${error.field}: ${error.message}`);
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const causes: V1StatusCause[] = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  const of = group ? `${kind}.${group}` : kind;
  return new StatusError(422, 'Invalid', `${of} ${JSON.stringify(name)} is invalid: ${list}`, {
    name,
    ...(group && { group }),
    kind,
    causes,
  });
}

export const badRequest = (message: string, cause?: unknown): StatusError =>
  new StatusError(400, 'BadRequest', message, undefined, { cause });

export const forbidden = (type: ResourceName, name: string, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    `${qualified(type)}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: ${why}`,
    detailsOf(type, name),
  );

export const unauthorized = (message = 'Unauthorized'): StatusError => new StatusError(401, 'Unauthorized', message);

/** The version asked for is compacted or beyond the watch window: list again. */
export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message);

export const tooLarge = (message: string): StatusError => new StatusError(413, 'RequestEntityTooLarge', message);

export const unsupportedMediaType = (message: string): StatusError =>
  new StatusError(415, 'UnsupportedMediaType', message);

export const notAcceptable = (message: string): StatusError => new StatusError(406, 'NotAcceptable', message);

export const methodNotAllowed = (type: ResourceName, verb: string): StatusError =>
  new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${JSON.stringify(qualified(type))}`,
    { kind: type.resource, ...(type.group && { group: type.group }) },
  );

export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });

export const timeout = (message: string, cause?: unknown): StatusError =>
  new StatusError(504, 'Timeout', message, undefined, { cause });

export const serviceUnavailable = (message: string, cause?: unknown): StatusError =>
  new StatusError(503, 'ServiceUnavailable', message, undefined, { cause });

export const internalError = (message: string, cause?: unknown): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, undefined, { cause });

const hasReason =
  (...reasons: StatusReason[]) =>
  (error: unknown): error is StatusError =>
    error instanceof StatusError && reasons.includes(error.reason);

export const isNotFound = hasReason('NotFound');
export const isAlreadyExists = hasReason('AlreadyExists');
export const isConflict = hasReason('Conflict');
export const isExpired = hasReason('Expired', 'Gone');
