/** The only place that knows gRPC's codes. */
import { status } from '@grpc/grpc-js';
import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';

const codes: ReadonlyMap<number, RuntimeErrorCode> = new Map([
  [status.NOT_FOUND, 'not-found'],
  [status.UNAVAILABLE, 'unavailable'],
  // Not by us, or it would not get here: the runtime is going down.
  [status.CANCELLED, 'unavailable'],
  [status.DEADLINE_EXCEEDED, 'timeout'],
  [status.ALREADY_EXISTS, 'already-exists'],
  [status.INVALID_ARGUMENT, 'invalid'],
  [status.OUT_OF_RANGE, 'invalid'],
]);

/** A pull fails for reasons that the registry words and gRPC codes muddle; only these are the runtime's own. */
const ownFaults: ReadonlySet<RuntimeErrorCode> = new Set(['unavailable', 'timeout']);

/** `rpc` names the call: pulls have codes of their own. The message is the runtime's, without gRPC's prefix. */
export function toRuntimeError(error: unknown, rpc: string, signal?: AbortSignal): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (signal?.aborted) return abortedError(signal, rpc);
  const code = codes.get(grpcCode(error) ?? status.UNKNOWN) ?? 'failed';
  const message = detailsOf(error);
  if (rpc === 'PullImage' && !ownFaults.has(code)) return new RuntimeError('pull-failed', message, error);
  return new RuntimeError(code, message, error);
}

/** The runtime does not know the call at all. */
export const isUnimplemented = (error: unknown): boolean =>
  grpcCode(error) === status.UNIMPLEMENTED ||
  (error instanceof RuntimeError && grpcCode(error.cause) === status.UNIMPLEMENTED);

function abortedError(signal: AbortSignal, rpc: string): RuntimeError {
  const reason: unknown = signal.reason;
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  return new RuntimeError(timedOut ? 'timeout' : 'failed', `${rpc} was given up: ${detailsOf(reason)}`, reason);
}

function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function detailsOf(error: unknown): string {
  if (error instanceof Error && 'details' in error && typeof error.details === 'string') return error.details;
  return error instanceof Error ? error.message : String(error);
}
