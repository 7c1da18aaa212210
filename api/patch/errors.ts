import { StatusError } from '../status-error.ts';

/** What kube-apiserver answers to a patch that it understands and cannot apply; the reason is kept for logs only. */
export const unprocessable = (cause: unknown): StatusError =>
  new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
    {
      cause: typeof cause === 'string' ? new Error(cause) : cause,
    },
  );
