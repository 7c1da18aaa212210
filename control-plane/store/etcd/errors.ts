import {
  ClientClosedError,
  EtcdLeaseInvalidError,
  GRPCDeadlineExceededError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  isRecoverableError,
} from 'etcd3';
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

/** Everything etcd's client can throw, as the one error of the store. */
export function toStoreError(error: unknown, key?: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError(codeOf(error, message), `etcd: ${message}`, {
    cause: error,
    ...(key !== undefined && { key }),
  });
}

function codeOf(error: unknown, message: string): StoreErrorCode {
  const told = codeByMessage.find(([part]) => message.includes(part));
  if (told) return told[1];
  if (error instanceof GRPCDeadlineExceededError) return 'timeout';
  if (error instanceof ClientClosedError || error instanceof GRPCResourceExhastedError) return 'unavailable';
  return error instanceof Error && isRecoverableError(error) ? 'unavailable' : 'internal';
}

/** The lease has run out or etcd has lost it: nothing was written. */
export const isLeaseGone = (error: unknown): boolean => error instanceof EtcdLeaseInvalidError;

/** etcd looked at the request as a whole and refused it: nothing was written. */
export const isRefusedWhole = (error: unknown): boolean =>
  isLeaseGone(error) || error instanceof GRPCInvalidArgumentError || toStoreError(error).code === 'too-large';
