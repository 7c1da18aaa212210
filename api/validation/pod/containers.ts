import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
} from '../../field-error.ts';
import type { V1Container, V1EphemeralContainer, V1PodSpec, V1Volume } from '../../generated/types.ts';
import { each, oneOf, required, requiredName, requiredOneOf } from '../fields.ts';
import { dnsLabelProblems } from '../formats.ts';
import { env, envFrom } from './env.ts';
import { volumeDevices, volumeMounts } from './mounts.ts';
import { containerPorts, hostPortConflicts } from './network.ts';
import { lifecycle, probe } from './probes.ts';
import { resourceRequirements } from './resources.ts';
import { containerSecurity } from './security.ts';

/** What containers are checked against: the rest of their pod. */
export interface PodContext {
  readonly spec: V1PodSpec;
  readonly volumes: ReadonlyMap<string, V1Volume>;
  readonly claimNames: ReadonlySet<string>;
}

export function containers(context: PodContext, field: string): FieldError[] {
  const list = context.spec.containers ?? [];
  if (list.length === 0) return [fieldRequired(field)];
  const names = new Set<string>();
  const errors = each(list, field, (container, path) => {
    const found = common(container, context, path);
    if (names.has(container.name)) found.push(fieldDuplicate(`${path}.name`, container.name));
    names.add(container.name);
    return [...found, ...supervision(container, context, path), ...restartRules(container, path)];
  });
  return [...errors, ...hostPortConflicts(list, field)];
}

export function initContainers(context: PodContext, field: string): FieldError[] {
  const names = new Set((context.spec.containers ?? []).map((container) => container.name));
  return each(context.spec.initContainers, field, (container, path) => {
    const found = [...common(container, context, path), ...restartRules(container, path)];
    if (names.has(container.name)) found.push(fieldDuplicate(`${path}.name`, container.name));
    else if (container.name) names.add(container.name);
    found.push(...hostPortConflicts([container], field));
    if (container.restartPolicy === 'Always') return [...found, ...supervision(container, context, path)];
    const forbidden = (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      .filter((name) => container[name] !== undefined)
      .map((name) =>
        fieldForbidden(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always'),
      );
    return [...found, ...forbidden];
  });
}

/** Ephemeral containers are for looking around: nothing that a service would need. */
const ephemeralForbidden = [
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resizePolicy',
  'resources',
  'restartPolicy',
  'restartPolicyRules',
  'startupProbe',
] as const;

export function ephemeralContainers(context: PodContext, field: string): FieldError[] {
  const { spec } = context;
  const others = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((container) => container.name),
  );
  const names = new Set(others);
  const words = 'cannot be set for an Ephemeral Container';
  return each(spec.ephemeralContainers, field, (container, path) => {
    const found = [...common(container, context, path), ...imageSpaces(container, path)];
    if (names.has(container.name)) found.push(fieldDuplicate(`${path}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) found.push(fieldNotFound(`${path}.targetContainerName`, target));
    for (const name of ephemeralForbidden) {
      if (isSet(container, name)) found.push(fieldForbidden(`${path}.${name}`, words));
    }
    const subPaths = each(container.volumeMounts, `${path}.volumeMounts`, (mount, mountPath) => [
      ...(mount.subPath ? [fieldForbidden(`${mountPath}.subPath`, words)] : []),
      ...(mount.subPathExpr ? [fieldForbidden(`${mountPath}.subPathExpr`, words)] : []),
    ]);
    return [...found, ...subPaths];
  });
}

function isSet(container: V1EphemeralContainer, name: (typeof ephemeralForbidden)[number]): boolean {
  const value = container[name];
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** A pod's image must be a name; templates were always allowed a blank to be filled in later. */
export const imageSpaces = (container: V1Container, field: string): FieldError[] =>
  container.image !== undefined && container.image !== container.image.trim()
    ? [fieldInvalid(`${field}.image`, container.image, 'must not have leading or trailing whitespace')]
    : [];

function common(container: V1Container, { spec, volumes, claimNames }: PodContext, field: string): FieldError[] {
  const policies = ['File', 'FallbackToLogsOnError'];
  return [
    ...requiredName(container.name, `${field}.name`, dnsLabelProblems),
    ...required(container.image, `${field}.image`),
    ...requiredOneOf(container.terminationMessagePolicy, `${field}.terminationMessagePolicy`, policies),
    ...containerPorts(container, `${field}.ports`),
    ...env(container.env, `${field}.env`),
    ...envFrom(container.envFrom, `${field}.envFrom`),
    ...volumeMounts(container, volumes, `${field}.volumeMounts`),
    ...volumeDevices(container, volumes, `${field}.volumeDevices`),
    ...requiredOneOf(container.imagePullPolicy, `${field}.imagePullPolicy`, ['Always', 'IfNotPresent', 'Never']),
    ...resourceRequirements(container.resources, claimNames, `${field}.resources`),
    ...resizePolicy(container, spec, `${field}.resizePolicy`),
    ...containerSecurity(container.securityContext, `${field}.securityContext`, spec.hostUsers !== false),
  ];
}

function supervision(container: V1Container, { spec }: PodContext, field: string): FieldError[] {
  const grace = spec.terminationGracePeriodSeconds;
  return [
    ...lifecycle(container.lifecycle, grace, `${field}.lifecycle`),
    ...probe('liveness', container.livenessProbe, grace, `${field}.livenessProbe`),
    ...probe('readiness', container.readinessProbe, grace, `${field}.readinessProbe`),
    ...probe('startup', container.startupProbe, grace, `${field}.startupProbe`),
  ];
}

/** A container's own restart policy and its rules by exit code. */
function restartRules(container: V1Container, field: string): FieldError[] {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  const errors = oneOf(policy, `${field}.restartPolicy`, ['Always', 'Never', 'OnFailure']);
  if (rules.length > 0 && policy === undefined) {
    errors.push(fieldRequired(`${field}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  }
  const ruleErrors = each(rules, `${field}.restartPolicyRules`, (rule, path) => [
    ...requiredOneOf(rule.action, `${path}.action`, ['Restart', 'RestartAllContainers']),
    ...(rule.exitCodes
      ? requiredOneOf(rule.exitCodes.operator, `${path}.exitCodes.operator`, ['In', 'NotIn'])
      : [fieldRequired(`${path}.exitCodes`, 'must be specified')]),
  ]);
  return [...errors, ...ruleErrors];
}

function resizePolicy(container: V1Container, spec: V1PodSpec, field: string): FieldError[] {
  const seen = new Set<string>();
  return each(container.resizePolicy, field, ({ resourceName, restartPolicy }, path) => {
    const errors = seen.has(resourceName) ? [fieldDuplicate(path, resourceName)] : [];
    seen.add(resourceName);
    errors.push(...requiredOneOf(resourceName, field, ['cpu', 'memory']));
    errors.push(...requiredOneOf(restartPolicy, field, ['NotRequired', 'RestartContainer']));
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.push(fieldInvalid(field, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
    return errors;
  });
}
