import { isJsonObject } from '#api/schema/record.ts';
import { badRequest, StatusError } from '#api/status-error.ts';
import type { Revision } from '../../store/store.ts';

/** Where the next page of a list starts. */
export interface ContinueToken {
  /** Undefined: continue at the newest revision, although the list is then of no single moment. */
  readonly revision: Revision | undefined;
  /** The last key of the page before, relative to the list's prefix. */
  readonly afterKey: string;
}

/** The same form as kube-apiserver's, so that a list survives a change of server. */
const version = 'meta.k8s.io/v1';

export function formatContinueToken({ revision, afterKey }: ContinueToken): string {
  const token = { v: version, rv: revision ?? -1, start: `${afterKey}\0` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

export function parseContinueToken(text: string): ContinueToken {
  const token = readJson(text);
  if (!isJsonObject(token)) throw badRequest('continue key is not valid: it is not what this server gave out');
  const { v, rv, start } = token;
  if (v !== version)
    throw badRequest(`continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') {
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  }
  // Names hold no dots that climb and no empty segments: a token must not reach out of its list.
  if (start.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw badRequest(`continue key is not valid: invalid continue key: ${JSON.stringify(start)}`);
  }
  return { revision: rv === -1 ? undefined : rv, afterKey: start.endsWith('\0') ? start.slice(0, -1) : start };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** 410, with a token that goes on at the newest revision for clients that can live with it. */
export function expiredContinue(afterKey: string): StatusError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
    'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
    'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
    'deleted between the time the first chunk was returned and now may show up in the list.';
  const error = new StatusError(410, 'Expired', message);
  error.status.metadata = { continue: formatContinueToken({ revision: undefined, afterKey }) };
  return error;
}
