import { StatusError } from '#api/status-error.ts';

/** The server said no, so nothing was written. Anything else leaves that open. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof StatusError && error.code >= 400 && error.code < 500 && error.code !== 408;

/** There is nothing to retry: the namespace goes, and so will everything in it. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
