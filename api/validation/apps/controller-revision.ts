import { type FieldError, fieldRequired } from '../../field-error.ts';
import type { V1ControllerRevision } from '../../generated/types.ts';
import { immutableField, nonNegative } from '../fields.ts';

export const validateControllerRevision = (revision: V1ControllerRevision): FieldError[] => [
  ...(revision.data === undefined || revision.data === null ? [fieldRequired('data', 'data is mandatory')] : []),
  ...nonNegative(revision.revision, 'revision'),
];

export const validateControllerRevisionUpdate = (
  object: V1ControllerRevision,
  old: V1ControllerRevision,
): FieldError[] => immutableField(object.data, old.data, 'data');
