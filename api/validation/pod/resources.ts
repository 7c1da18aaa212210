import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type { V1ResourceRequirements } from '../../generated/types.ts';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity, quantityMilli } from '../../quantity.ts';
import { all, each, qualifiedName } from '../fields.ts';
import { dnsLabelProblems, notNegative, notPositive } from '../formats.ts';

const native = ['cpu', 'memory', 'ephemeral-storage'];
const standardResources = [
  ...native,
  'storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'requests.storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'configmaps',
  'resourcequotas',
  'secrets',
  'services',
  'replicationcontrollers',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const quotaResources = standardResources.filter((name) => name !== 'storage');
const integerResources = standardResources.filter(
  (name) => name === 'pods' || /^(config|resourceq|secr|serv|repl|persis)/.test(name),
);

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** Only native resources but huge pages may be promised to more than can have them. */
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name);

/** Undefined for what is no quantity: decoding refuses that with words of its own. */
export function readQuantity(text: string | number | undefined): Quantity | undefined {
  if (text === undefined) return undefined;
  try {
    return parseQuantity(text);
  } catch {
    return undefined;
  }
}

const isWhole = (quantity: Quantity): boolean => quantityMilli(quantity) % 1000 === 0;
const zero = parseQuantity('0');

export function resourceName(name: string, field: string): FieldError[] {
  const errors = qualifiedName(name, field);
  if (errors.length > 0 || name.includes('/') || isHugePages(name) || standardResources.includes(name)) return errors;
  return [fieldInvalid(field, name, 'must be a standard resource type or fully qualified')];
}

function containerResourceName(name: string, field: string): FieldError[] {
  const errors = resourceName(name, field);
  if (!name.includes('/')) {
    if (native.includes(name) || isHugePages(name)) return errors;
    return [...errors, fieldInvalid(field, name, 'must be a standard resource for containers')];
  }
  if (isNative(name) || isExtendedName(name)) return errors;
  return [...errors, fieldInvalid(field, name, "doesn't follow extended resource name standard")];
}

const isExtendedName = (name: string): boolean =>
  !name.startsWith('requests.') && qualifiedName(`requests.${name}`, '').length === 0;

export function quotaResourceName(name: string, field: string): FieldError[] {
  const errors = resourceName(name, field);
  if (errors.length > 0 || name.includes('/')) return errors;
  const base = name.replace(/^(requests|limits)\./, '');
  if (quotaResources.includes(name) || isHugePages(base) || name.startsWith('count/')) return errors;
  return [fieldInvalid(field, name, 'must be a standard resource for quota')];
}

export function resourceQuantity(name: string, text: string, field: string): FieldError[] {
  const quantity = readQuantity(text);
  if (!quantity) return [];
  const errors =
    compareQuantities(quantity, zero) < 0 ? [fieldInvalid(field, formatQuantity(quantity), notNegative)] : [];
  const mustBeWhole = integerResources.includes(name) || (!isNative(name) && isExtendedName(name));
  if (mustBeWhole && !isWhole(quantity))
    errors.push(fieldInvalid(field, formatQuantity(quantity), 'must be an integer'));
  return errors;
}

export function positiveQuantity(text: string, field: string): FieldError[] {
  const quantity = readQuantity(text);
  return quantity && compareQuantities(quantity, zero) <= 0
    ? [fieldInvalid(field, formatQuantity(quantity), notPositive)]
    : [];
}

export function resourceRequirements(
  resources: V1ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  field: string,
  checkName: (name: string, field: string) => FieldError[] = containerResourceName,
): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const errors: FieldError[] = [];
  for (const [name, text] of Object.entries(limits)) {
    const path = `${field}.limits[${name}]`;
    errors.push(...checkName(name, path), ...resourceQuantity(name, text, path), ...hugePages(name, text, path));
  }
  for (const [name, text] of Object.entries(requests)) {
    const path = `${field}.requests[${name}]`;
    errors.push(...checkName(name, path), ...resourceQuantity(name, text, path));
    errors.push(...requestBelowLimit(name, text, limits[name], field), ...hugePages(name, text, path));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    errors.push(fieldForbidden(field, 'HugePages require cpu or memory'));
  }
  return [...errors, ...claims(resources, claimNames, `${field}.claims`)];
}

function requestBelowLimit(name: string, request: string, limit: string | undefined, field: string): FieldError[] {
  if (limit === undefined) {
    return isOvercommitAllowed(name)
      ? []
      : [fieldRequired(`${field}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const wanted = readQuantity(request);
  const most = readQuantity(limit);
  if (!wanted || !most) return [];
  const order = compareQuantities(wanted, most);
  const [shown, bound] = [formatQuantity(wanted), formatQuantity(most)];
  if (order !== 0 && !isOvercommitAllowed(name)) {
    return [fieldInvalid(`${field}.requests`, shown, `must be equal to ${name} limit of ${bound}`)];
  }
  return order > 0
    ? [fieldInvalid(`${field}.requests`, shown, `must be less than or equal to ${name} limit of ${bound}`)]
    : [];
}

function hugePages(name: string, text: string, field: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const quantity = readQuantity(text);
  const page = readQuantity(name.slice('hugepages-'.length));
  if (!quantity || !page) return [];
  const size = BigInt(quantityMilli(page));
  const divisible = size > 0n && BigInt(quantityMilli(quantity)) % size === 0n;
  return divisible ? [] : [fieldInvalid(field, text, `${text} is not positive integer multiple of ${name}`)];
}

function claims(
  resources: V1ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const seen = new Set<string>();
  return each(resources?.claims, field, (claim, path) => {
    if (!claim.name) return [fieldRequired(path)];
    const key = claim.request ? `${claim.name}/${claim.request}` : claim.name;
    const errors = claim.request ? all(dnsLabelProblems(claim.request), `${path}.request`, claim.request) : [];
    if (seen.has(key) || seen.has(claim.name)) errors.push(fieldDuplicate(path, claim.name));
    seen.add(key);
    if (!claimNames.has(claim.name)) {
      const names = [...claimNames].toSorted().join(', ');
      const detail = `must be one of the names in pod.spec.resourceClaims${names ? `: ${names}` : ' which is empty'}`;
      errors.push({
        reason: 'FieldValueNotFound',
        field: path,
        message: `Not found: ${JSON.stringify(claim.name)}: ${detail}`,
      });
    }
    return errors;
  });
}
