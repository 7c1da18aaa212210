import {
  alreadyExists,
  expired,
  internalError,
  type ResourceName,
  StatusError,
  serviceUnavailable,
  staleVersion,
  timeout,
  tooLarge,
} from '#api/status-error.ts';
import { StoreError } from '../../store/errors.ts';

/** The one place where the store's errors become the API's. What is no StoreError passes through. */
export function toStatusError(error: unknown, type: ResourceName, name: string): unknown {
  if (error instanceof StatusError || !(error instanceof StoreError)) return error;
  switch (error.code) {
    case 'exists':
      return alreadyExists(type, name);
    case 'conflict':
      return staleVersion(type, name);
    case 'compacted':
      return expired('The resourceVersion for the provided list is too old.');
    case 'future-revision':
      return timeout('Too large resource version', error);
    case 'unavailable':
      return serviceUnavailable(`the store cannot be reached: ${error.message}`, error);
    case 'timeout':
      return timeout(`the store did not answer in time: ${error.message}`, error);
    case 'too-large':
      return tooLarge(`Request entity too large: ${error.message}`);
    case 'internal':
      return internalError(error.message, error);
  }
}
