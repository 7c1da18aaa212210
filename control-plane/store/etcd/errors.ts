/** The only place that knows gRPC's codes and etcd's messages. */
import { status } from '@grpc/grpc-js';
import { StoreError, type StoreErrorCode } from '../errors.ts';

/** Parts of etcd's messages, which is all that tells some of its errors apart. */
const codeByMessage: readonly (readonly [string, StoreErrorCode])[] = [
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['request is too large', 'too-large'],
  ['received message larger than max', 'too-large'],
  ['trying to send message larger than max', 'too-large'],
  ['request timed out', 'timeout'],
];

const codeByStatus: ReadonlyMap<number, StoreErrorCode> = new Map([
  [status.DEADLINE_EXCEEDED, 'timeout'],
  [status.UNAVAILABLE, 'unavailable'],
  [status.RESOURCE_EXHAUSTED, 'unavailable'],
  [status.ABORTED, 'unavailable'],
  // What gRPC makes of a connection that breaks in the middle of an answer.
  [status.CANCELLED, 'unavailable'],
  [status.INTERNAL, 'unavailable'],
  [status.UNKNOWN, 'unavailable'],
]);

/** Everything that etcd and gRPC can throw, as the one error of the store. */
export function toStoreError(error: unknown, key?: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = messageOf(error);
  return new StoreError(codeOf(error, message), `etcd: ${message}`, {
    cause: error,
    ...(key !== undefined && { key }),
  });
}

function codeOf(error: unknown, message: string): StoreErrorCode {
  const told = codeByMessage.find(([part]) => message.includes(part));
  if (told) return told[1];
  const code = grpcCode(error);
  return (code !== undefined && codeByStatus.get(code)) || 'internal';
}

/** The lease has run out or etcd has lost it: nothing was written. */
export const isLeaseGone = (error: unknown): boolean => messageOf(error).includes('requested lease not found');

/** etcd looked at the request as a whole and refused it: nothing was written. */
export const isRefusedWhole = (error: unknown): boolean =>
  isLeaseGone(error) || grpcCode(error) === status.INVALID_ARGUMENT || toStoreError(error).code === 'too-large';

export function grpcCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** The peer's own words, without gRPC's prefix. */
function messageOf(error: unknown): string {
  if (error instanceof Error && 'details' in error && typeof error.details === 'string') return error.details;
  return error instanceof Error ? error.message : String(error);
}
