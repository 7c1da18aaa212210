import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong } from '../../field-error.ts';
import type {
  V1AppArmorProfile,
  V1PodSecurityContext,
  V1PodSpec,
  V1SeccompProfile,
  V1SecurityContext,
} from '../../generated/types.ts';
import { all, each, oneOf } from '../fields.ts';
import { userIdProblems } from '../formats.ts';
import { descendingPath } from '../paths.ts';

const id = (value: number | undefined, field: string): FieldError[] =>
  value === undefined ? [] : all(userIdProblems(value), field, value);

export function containerSecurity(
  context: V1SecurityContext | undefined,
  field: string,
  hostUsers: boolean,
): FieldError[] {
  if (!context) return [];
  const { procMount } = context;
  const errors = [
    ...id(context.runAsUser, `${field}.runAsUser`),
    ...id(context.runAsGroup, `${field}.runAsGroup`),
    ...oneOf(procMount, `${field}.procMount`, ['Default', 'Unmasked']),
  ];
  if (hostUsers && procMount === 'Unmasked') {
    errors.push(fieldInvalid(`${field}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  errors.push(...seccomp(context.seccompProfile, `${field}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      const words = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      errors.push(fieldInvalid(field, context, words));
    }
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      const words = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      errors.push(fieldInvalid(field, context, words));
    }
  }
  return [...errors, ...appArmor(context.appArmorProfile, `${field}.appArmorProfile`)];
}

export function podSecurity(spec: V1PodSpec, specField: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const field = `${specField}.securityContext`;
  const errors = [
    ...id(context.fsGroup, `${field}.fsGroup`),
    ...id(context.runAsUser, `${field}.runAsUser`),
    ...id(context.runAsGroup, `${field}.runAsGroup`),
    ...each(context.supplementalGroups, `${field}.supplementalGroups`, id),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    const words = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(fieldInvalid(`${field}.shareProcessNamespace`, true, words));
  }
  return [
    ...errors,
    ...sysctls(context, spec, `${field}.sysctls`),
    ...oneOf(context.fsGroupChangePolicy, `${field}.fsGroupChangePolicy`, ['Always', 'OnRootMismatch']),
    ...seccomp(context.seccompProfile, `${field}.seccompProfile`),
    ...appArmor(context.appArmorProfile, `${field}.appArmorProfile`),
    ...oneOf(context.supplementalGroupsPolicy, `${field}.supplementalGroupsPolicy`, ['Merge', 'Strict']),
    ...oneOf(context.seLinuxChangePolicy, `${field}.seLinuxChangePolicy`, ['MountOption', 'Recursive']),
  ];
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;

const isSysctl = (name: string): boolean =>
  name.split(/[./]/).every((part) => /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/.test(part));

function sysctls(context: V1PodSecurityContext, spec: V1PodSpec, field: string): FieldError[] {
  const seen = new Set<string>();
  return each(context.sysctls, field, ({ name }, path) => {
    const errors: FieldError[] = [];
    if (!name) errors.push(fieldRequired(`${path}.name`));
    else if (name.length > 253 || !isSysctl(name)) {
      const words = `must have at most 253 characters and match regex ${sysctlPattern}`;
      errors.push(fieldInvalid(`${path}.name`, name, words));
    } else if (seen.has(name)) {
      errors.push({
        reason: 'FieldValueDuplicate',
        field: `${path}.name`,
        message: `Duplicate value: ${JSON.stringify(name)}`,
      });
    }
    seen.add(name);
    const dotted = (name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork && dotted.startsWith('net.')) {
      errors.push(fieldInvalid(`${path}.name`, name, "may not be specified when 'hostNetwork' is true"));
    }
    if (spec.hostIPC && /^(kernel\.shm|kernel\.msg|kernel\.sem$|fs\.mqueue\.)/.test(dotted)) {
      errors.push(fieldInvalid(`${path}.name`, name, "may not be specified when 'hostIPC' is true"));
    }
    return errors;
  });
}

function seccomp(profile: V1SeccompProfile | undefined, field: string): FieldError[] {
  if (!profile) return [];
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
  const errors = profile.type
    ? oneOf(profile.type, `${field}.type`, types)
    : [fieldRequired(`${field}.type`, 'type is required when seccompProfile is set')];
  const path = `${field}.localhostProfile`;
  if (profile.type === 'Localhost') {
    if (profile.localhostProfile === undefined) {
      return [...errors, fieldRequired(path, 'must be set when seccomp type is Localhost')];
    }
    return [...errors, ...descendingPath(profile.localhostProfile, path)];
  }
  if (profile.localhostProfile !== undefined) {
    errors.push(fieldInvalid(path, profile, 'can only be set when seccomp type is Localhost'));
  }
  return errors;
}

function appArmor(profile: V1AppArmorProfile | undefined, field: string): FieldError[] {
  if (!profile) return [];
  const path = `${field}.localhostProfile`;
  const local = profile.localhostProfile;
  switch (profile.type) {
    case 'Localhost':
      if (!local?.trim()) return [fieldRequired(path, 'must be set when AppArmor type is Localhost')];
      if (local !== local.trim()) return [fieldInvalid(path, local, 'must not be padded with whitespace')];
      return local.length > 4095 ? [fieldTooLong(path, 4095)] : [];
    case 'RuntimeDefault':
    case 'Unconfined':
      return local === undefined ? [] : [fieldInvalid(path, local, 'can only be set when AppArmor type is Localhost')];
    case '':
    case undefined:
      return [fieldRequired(`${field}.type`, 'type is required when appArmorProfile is set')];
    default:
      return oneOf(profile.type, `${field}.type`, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  }
}

/** Pods with users of their own may not share the host's other namespaces. */
export function hostUsersRules(spec: V1PodSpec, field: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const words = 'when `hostUsers` is false';
  return [
    ...(spec.hostNetwork ? [fieldForbidden(`${field}.hostNetwork`, words)] : []),
    ...(spec.hostPID ? [fieldForbidden(`${field}.hostPID`, words)] : []),
    ...(spec.hostIPC ? [fieldForbidden(`${field}.hostIPC`, words)] : []),
  ];
}
