import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1Service, V1ServiceSpec } from '../generated/types.ts';
import { all, each, oneOf } from './fields.ts';
import { ipProblems } from './formats.ts';
import { isIPv4 } from './ip.ts';

const field = 'spec.clusterIPs';

export const isHeadless = (spec: V1ServiceSpec): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';

/** clusterIP, clusterIPs and their families must tell the same. */
export function clusterIPs(spec: V1ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIP, clusterIPs: ips = [], ipFamilies: families = [] } = spec;
  const errors: FieldError[] = [];
  if (clusterIP) {
    if (ips.length === 0) errors.push(fieldRequired(field));
    else if (ips[0] !== clusterIP) errors.push(fieldInvalid(field, ips, 'first value must match `clusterIP`'));
  } else if (ips.length > 0) {
    errors.push(fieldInvalid(field, ips, 'must be empty when `clusterIP` is not specified'));
  }
  const seen = new Set<string>();
  errors.push(
    ...each(families, 'spec.ipFamilies', (family, path) => {
      const double = seen.has(family);
      seen.add(family);
      return [...oneOf(family, path, ['IPv4', 'IPv6']), ...(double ? [fieldDuplicate(path, family)] : [])];
    }),
    ...oneOf(spec.ipFamilyPolicy, 'spec.ipFamilyPolicy', ['PreferDualStack', 'RequireDualStack', 'SingleStack']),
  );
  const malformed = each(ips, field, (ip, path, index) => {
    if (index > 0 || ip !== 'None') return all(ipProblems(ip), path, ip);
    return ips.length > 1 ? [fieldInvalid(field, ips, "'None' must be the first and only value")] : [];
  });
  errors.push(...malformed);
  if (ips.length > 2) errors.push(fieldInvalid(field, ips, 'may only hold up to 2 values'));
  if (malformed.length > 0) return errors;
  if (ips.length > 1 && new Set(ips.map(isIPv4)).size < 2) {
    errors.push(fieldInvalid(field, ips, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(spec)) return errors;
  const wrongFamily = each(ips, field, (ip, path, index) => {
    const family = families[index];
    if (family === undefined || (family === 'IPv4') === isIPv4(ip)) return [];
    return [fieldInvalid(path, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``)];
  });
  return [...errors, ...wrongFamily];
}

/** An address is given once: pods and other programs have learnt it. */
export function validateServiceUpdate(service: V1Service, old: V1Service): FieldError[] {
  const now = service.spec ?? {};
  const before = old.spec ?? {};
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return [];
  if (isHeadless(now) && isHeadless(before)) return [];
  return [...ipsKept(now, before), ...(isHeadless(now) === isHeadless(before) ? familiesKept(now, before) : [])];
}

function ipsKept(now: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
  const ips = now.clusterIPs ?? [];
  const oldIps = before.clusterIPs ?? [];
  if (oldIps.length === ips.length) {
    return each(oldIps, field, (ip, path, index) =>
      ips[index] === ip ? [] : [fieldInvalid(path, ips, 'may not change once set')],
    );
  }
  const errors: FieldError[] = [];
  if (ips.length === 0) errors.push(fieldInvalid(`${field}[0]`, ips, 'primary clusterIP can not be unset'));
  else if (oldIps.length > 0 && ips[0] !== oldIps[0]) {
    errors.push(fieldInvalid(`${field}[0]`, ips, 'may not change once set'));
  }
  if (oldIps.length > ips.length && ips.length === 1 && now.ipFamilyPolicy !== 'SingleStack') {
    const words = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.push(fieldInvalid('spec.ipFamilyPolicy', now.ipFamilyPolicy ?? null, words));
  }
  return errors;
}

function familiesKept(now: V1ServiceSpec, before: V1ServiceSpec): FieldError[] {
  const families = now.ipFamilies ?? [];
  const first = before.ipFamilies?.[0];
  return first !== undefined && families.length > 0 && families[0] !== first
    ? [fieldInvalid('spec.ipFamilies[0]', families, 'may not change once set')]
    : [];
}
