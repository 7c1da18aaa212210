import { type FieldError, fieldInvalid } from '../field-error.ts';

/** Paths inside a volume or below a folder of ours: what could lead out of it is refused. */

export const noBacksteps = (path: string, field: string): FieldError[] =>
  path.split('/').includes('..') ? [fieldInvalid(field, path, "must not contain '..'")] : [];

export const descendingPath = (path: string, field: string): FieldError[] => [
  ...(path.startsWith('/') ? [fieldInvalid(field, path, 'must be a relative path')] : []),
  ...noBacksteps(path, field),
];

/** `..` at the start is reserved for the links that make updates of a volume atomic. */
export const localPath = (path: string, field: string): FieldError[] => [
  ...descendingPath(path, field),
  ...(path.startsWith('..') && !path.startsWith('../') && path !== '..'
    ? [fieldInvalid(field, path, "must not start with '..'")]
    : []),
];

export const fileMode = (mode: number | undefined, field: string): FieldError[] =>
  mode !== undefined && (mode < 0 || mode > 0o777)
    ? [fieldInvalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
