import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported } from '#api/field-error.ts';
import { badRequest, invalid } from '#api/status-error.ts';
import type { Revision } from '../../store/store.ts';
import type { ListQuery, WatchQuery } from './registry.ts';

/** How fresh, or how old exactly, a list has to be. */
export type ListVersion =
  | { readonly kind: 'newest' | 'any' }
  | { readonly kind: 'not-older' | 'exact'; readonly revision: Revision };

/** Kubernetes' table of resourceVersion, resourceVersionMatch, limit and continue; 422 or 400 for what it forbids. */
export function listVersion(query: ListQuery): ListVersion {
  const { resourceVersion = '', resourceVersionMatch: match = '', limit } = query;
  check(matchErrors(resourceVersion, match, Boolean(query.continue)));
  if (query.continue && resourceVersion && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (resourceVersion === '') return { kind: 'newest' };
  const revision = parseVersion(resourceVersion);
  if (match === 'Exact') return { kind: 'exact', revision };
  if (revision === 0) return { kind: 'any' };
  return { kind: limit && match === '' ? 'exact' : 'not-older', revision };
}

/** Where a watch starts. */
export interface WatchStartVersion {
  /** Begin with what is there. */
  readonly withState: boolean;
  /** How fresh the cache must be first; for `not-older` without state, what comes after that revision is told. */
  readonly atLeast: ListVersion;
}

/** Checks a watch's options. */
export function watchVersion(query: WatchQuery): WatchStartVersion {
  const { resourceVersion = '', resourceVersionMatch: match = '', sendInitialEvents } = query;
  const path = 'resourceVersionMatch';
  if (sendInitialEvents !== undefined) {
    if (match !== 'NotOlderThan') {
      const detail = `sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`;
      check([fieldForbidden(path, detail)]);
    }
  } else if (match !== '') {
    check([fieldForbidden(path, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')]);
  }
  const revision = resourceVersion === '' ? undefined : parseVersion(resourceVersion);
  const atLeast: ListVersion =
    revision === undefined ? { kind: 'newest' } : revision === 0 ? { kind: 'any' } : { kind: 'not-older', revision };
  return { withState: sendInitialEvents ?? !revision, atLeast };
}

function matchErrors(resourceVersion: string, match: string, continues: boolean): FieldError[] {
  const path = 'resourceVersionMatch';
  if (match === '') return [];
  const errors: FieldError[] = [];
  if (continues) errors.push(fieldForbidden(path, 'resourceVersionMatch is forbidden when continue is provided'));
  if (resourceVersion === '') {
    errors.push(fieldForbidden(path, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    errors.push(fieldNotSupported(path, match, ['Exact', 'NotOlderThan', '']));
  }
  if (match === 'Exact' && resourceVersion === '0') {
    errors.push(fieldForbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return errors;
}

function check(errors: readonly FieldError[]): void {
  if (errors.length) throw invalid('ListOptions', 'meta.k8s.io', '', errors);
}

/** A resourceVersion as the server gives it out: a decimal number. */
export function parseVersion(text: string): Revision {
  const revision = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision)) {
    throw invalid('ListOptions', 'meta.k8s.io', '', [
      fieldInvalid('resourceVersion', text, 'must be a decimal number'),
    ]);
  }
  return revision;
}
