/** What is wrong with one field, in the words and with the reasons of Kubernetes (apimachinery's field.Error). */
export interface FieldError {
  readonly reason: FieldErrorReason;
  /** `spec.containers[0].image`; map keys as `metadata.labels[app]`. */
  readonly field: string;
  /** The whole message without the field, for example `Required value: must not be empty`. */
  readonly message: string;
}

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export const fieldRequired = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: withDetail('Required value', detail),
});

export const fieldInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: withDetail(`Invalid value: ${quote(value)}`, detail),
});

export const fieldNotSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: withDetail(
    `Unsupported value: ${quote(value)}`,
    `supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
  ),
});

export const fieldForbidden = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: withDetail('Forbidden', detail),
});

export const fieldDuplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${quote(value)}`,
});

export const fieldNotFound = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${quote(value)}`,
});

export const fieldTooLong = (field: string, bytesMax: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${bytesMax} bytes`,
});

export const fieldTooMany = (field: string, count: number, countMax: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field,
  message: `Too many: ${count}: must have at most ${countMax} items`,
});

const withDetail = (head: string, detail: string): string => (detail ? `${head}: ${detail}` : head);

const quote = (value: unknown): string => JSON.stringify(value) ?? 'null';
