import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type { IntOrString, V1LabelSelector } from '../generated/types.ts';
import { validateLabels } from '../names.ts';
import { canonicalJson } from './equal.ts';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  immutable,
  labelValueProblems,
  notNegative,
  percentProblems,
  portNameProblems,
  portNumberProblems,
  qualifiedNameProblems,
} from './formats.ts';

/** Building blocks of validation: each checks one field and returns what is wrong with it. */

type Check = (value: string) => string[];

export const all = (problems: readonly string[], field: string, value: unknown): FieldError[] =>
  problems.map((problem) => fieldInvalid(field, value, problem));

export const each = <T>(
  items: readonly T[] | undefined,
  field: string,
  check: (item: T, field: string, index: number) => FieldError[],
): FieldError[] => (items ?? []).flatMap((item, index) => check(item, `${field}[${index}]`, index));

export const required = (value: string | undefined, field: string, detail = ''): FieldError[] =>
  value ? [] : [fieldRequired(field, detail)];

/** Required, and then checked. */
export const requiredName = (
  value: string | undefined,
  field: string,
  check: Check = dnsSubdomainProblems,
): FieldError[] => (value ? all(check(value), field, value) : [fieldRequired(field)]);

export const optionalName = (
  value: string | undefined,
  field: string,
  check: Check = dnsSubdomainProblems,
): FieldError[] => (value ? all(check(value), field, value) : []);

/** What the types call required may be missing all the same in what a client sent: then it is an empty text. */
type Sent = string | undefined;

export const dnsLabel = (value: Sent, field: string): FieldError[] =>
  all(dnsLabelProblems(value ?? ''), field, value ?? '');

export const qualifiedName = (value: Sent, field: string): FieldError[] =>
  all(qualifiedNameProblems(value ?? ''), field, value ?? '');

export const nonNegative = (value: number | undefined, field: string): FieldError[] =>
  value !== undefined && value < 0 ? [fieldInvalid(field, value, notNegative)] : [];

export const oneOf = (value: string | undefined, field: string, supported: readonly string[]): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [fieldNotSupported(field, value, supported)];

export const requiredOneOf = (value: string | undefined, field: string, supported: readonly string[]): FieldError[] =>
  value ? oneOf(value, field, supported) : [fieldRequired(field)];

export const portNumber = (port: number, field: string): FieldError[] => all(portNumberProblems(port), field, port);

export const portNumberOrName = (port: IntOrString, field: string): FieldError[] =>
  all(typeof port === 'number' ? portNumberProblems(port) : portNameProblems(port), field, port);

export const immutableField = (value: unknown, old: unknown, field: string): FieldError[] =>
  canonicalJson(value) === canonicalJson(old) ? [] : [fieldInvalid(field, value ?? null, immutable)];

/** A count or a percentage, neither negative. */
export const countOrPercent = (value: IntOrString | undefined, field: string): FieldError[] => {
  if (value === undefined) return [];
  return typeof value === 'number' ? nonNegative(value, field) : all(percentProblems(value), field, value);
};

export const notAboveWhole = (value: IntOrString | undefined, field: string): FieldError[] =>
  typeof value === 'string' && /^[0-9]+%$/.test(value) && Number.parseInt(value, 10) > 100
    ? [fieldInvalid(field, value, 'must not be greater than 100%')]
    : [];

/** A map of labels: keys and values. */
export const labels = validateLabels;

export function labelSelector(selector: V1LabelSelector | undefined, field: string): FieldError[] {
  if (!selector) return [];
  const expressions = each(selector.matchExpressions, `${field}.matchExpressions`, (requirement, path) => {
    const errors: FieldError[] = [];
    const values = requirement.values ?? [];
    switch (requirement.operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) {
          errors.push(fieldRequired(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) {
          errors.push(
            fieldForbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        }
        break;
      default:
        errors.push(fieldInvalid(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
    }
    return [
      ...errors,
      ...qualifiedName(requirement.key, `${path}.key`),
      ...each(values, `${path}.values`, (value, valuePath) => all(labelValueProblems(value), valuePath, value)),
    ];
  });
  return [...labels(selector.matchLabels, `${field}.matchLabels`), ...expressions];
}

export const isEmptySelector = (selector: V1LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
