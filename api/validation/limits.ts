import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1LimitRange, V1LimitRangeItem, V1ResourceQuota } from '../generated/types.ts';
import { compareQuantities, formatQuantity, type Quantity } from '../quantity.ts';
import { each, qualifiedName } from './fields.ts';
import {
  isOvercommitAllowed,
  quotaResourceName,
  readQuantity,
  resourceName,
  resourceQuantity,
} from './pod/resources.ts';

const quotaMap = (map: Readonly<Record<string, string>> | undefined, field: string): FieldError[] =>
  Object.entries(map ?? {}).flatMap(([name, text]) => [
    ...quotaResourceName(name, `${field}[${name}]`),
    ...resourceQuantity(name, text, `${field}[${name}]`),
  ]);

const scopes = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const opposites: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

export function validateQuota({ spec }: V1ResourceQuota): FieldError[] {
  const list = spec?.scopes ?? [];
  const unsupported = list.filter((scope) => !scopes.includes(scope));
  const conflicting = opposites.filter(([a, b]) => list.includes(a) && list.includes(b));
  return [
    ...quotaMap(spec?.hard, 'spec.hard'),
    ...unsupported.map(() => fieldInvalid('spec.scopes', list, 'unsupported scope')),
    ...conflicting.map(() => fieldInvalid('spec.scopes', list, 'conflicting scopes')),
  ];
}

export function validateQuotaUpdate(quota: V1ResourceQuota, old: V1ResourceQuota): FieldError[] {
  const now = [...(quota.spec?.scopes ?? [])].toSorted();
  const before = [...(old.spec?.scopes ?? [])].toSorted();
  return now.join() === before.join() ? [] : [fieldInvalid('spec.scopes', now, 'field is immutable')];
}

export const validateQuotaStatus = ({ status }: V1ResourceQuota): FieldError[] => [
  ...quotaMap(status?.hard, 'status.hard'),
  ...quotaMap(status?.used, 'status.used'),
];

export function validateLimitRange({ spec }: V1LimitRange): FieldError[] {
  const types = new Set<string>();
  return each(spec?.limits, 'spec.limits', (limit, path) => {
    const errors = qualifiedName(limit.type ?? '', `${path}.type`);
    if (types.has(limit.type)) errors.push(fieldDuplicate(`${path}.type`, limit.type));
    types.add(limit.type);
    return [...errors, ...limitItem(limit, path)];
  });
}

const maps = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function limitItem(limit: V1LimitRangeItem, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const map of maps) {
    if (limit.type === 'Pod' && (map === 'default' || map === 'defaultRequest')) {
      if (limit[map]) errors.push(fieldForbidden(`${field}.${map}`, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of Object.keys(limit[map] ?? {})) errors.push(...resourceName(name, `${field}.${map}[${name}]`));
  }
  if (limit.type === 'PersistentVolumeClaim' && limit.min?.storage === undefined && limit.max?.storage === undefined) {
    const words = 'either minimum or maximum storage value is required, but neither was provided';
    errors.push(fieldRequired(`${field}.limits`, words));
  }
  const names = new Set(maps.flatMap((map) => Object.keys(limit[map] ?? {})));
  return [...errors, ...[...names].flatMap((name) => ordered(limit, name, field))];
}

/** min ≤ default request ≤ default ≤ max, as far as they are given. */
function ordered(limit: V1LimitRangeItem, name: string, field: string): FieldError[] {
  const of = (map: (typeof maps)[number]): Quantity | undefined => readQuantity(limit[map]?.[name]);
  const errors: FieldError[] = [];
  const check = (
    low: (typeof maps)[number],
    high: (typeof maps)[number],
    at: (typeof maps)[number],
    words: (low: string, high: string) => string,
  ) => {
    const a = of(low);
    const b = of(high);
    if (!a || !b || compareQuantities(a, b) <= 0) return;
    const shown = of(at);
    const message = words(formatQuantity(a), formatQuantity(b));
    errors.push(fieldInvalid(`${field}.${at}[${name}]`, shown ? formatQuantity(shown) : '', message));
  };
  check('min', 'max', 'min', (a, b) => `min value ${a} is greater than max value ${b}`);
  check(
    'min',
    'defaultRequest',
    'defaultRequest',
    (a, b) => `min value ${a} is greater than default request value ${b}`,
  );
  check(
    'defaultRequest',
    'max',
    'defaultRequest',
    (a, b) => `default request value ${a} is greater than max value ${b}`,
  );
  check(
    'defaultRequest',
    'default',
    'defaultRequest',
    (a, b) => `default request value ${a} is greater than default limit value ${b}`,
  );
  check('min', 'default', 'default', (a, b) => `min value ${a} is greater than default value ${b}`);
  check('default', 'max', 'default', (a, b) => `default value ${a} is greater than max value ${b}`);
  const wanted = of('defaultRequest');
  const given = of('default');
  if (!isOvercommitAllowed(name) && wanted && given && compareQuantities(wanted, given) !== 0) {
    const words = `default value ${formatQuantity(given)} must equal to defaultRequest value ${formatQuantity(wanted)} in ${name}`;
    errors.push(fieldInvalid(`${field}.defaultRequest[${name}]`, formatQuantity(wanted), words));
  }
  return errors;
}
