import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../../field-error.ts';
import type {
  V1EnvFromSource,
  V1EnvVar,
  V1EnvVarSource,
  V1ObjectFieldSelector,
  V1ResourceFieldSelector,
} from '../../generated/types.ts';
import { canonicalQuantity } from '../../quantity.ts';
import { all, each, qualifiedName, required, requiredName } from '../fields.ts';
import { configKeyProblems, dnsSubdomainProblems, envNameProblems } from '../formats.ts';
import { localPath } from '../paths.ts';
import { readQuantity } from './resources.ts';

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const volumeFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const convertible = new Set([...envFields, ...volumeFields, 'spec.restartPolicy', 'status.phase', 'spec.host']);
const containerResources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export const env = (variables: readonly V1EnvVar[] | undefined, field: string): FieldError[] =>
  each(variables, field, (variable, path) => [
    ...requiredName(variable.name, `${path}.name`, envNameProblems),
    ...(variable.valueFrom ? valueFrom(variable, variable.valueFrom, `${path}.valueFrom`) : []),
  ]);

function valueFrom(variable: V1EnvVar, source: V1EnvVarSource, field: string): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  const errors = [
    ...(fieldRef ? objectField(fieldRef, envFields, `${field}.fieldRef`) : []),
    ...(resourceFieldRef ? resourceField(resourceFieldRef, `${field}.resourceFieldRef`, false) : []),
    ...(configMapKeyRef ? keySelector(configMapKeyRef, `${field}.configMapKeyRef`) : []),
    ...(secretKeyRef ? keySelector(secretKeyRef, `${field}.secretKeyRef`) : []),
    ...(fileKeyRef
      ? [
          ...required(fileKeyRef.volumeName, `${field}.fileKeyRef.volumeName`),
          ...required(fileKeyRef.path, `${field}.fileKeyRef.path`),
          ...localPath(fileKeyRef.path ?? '', `${field}.fileKeyRef.path`),
          ...requiredName(fileKeyRef.key, `${field}.fileKeyRef.key`, envNameProblems),
        ]
      : []),
  ];
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  if (count === 0) {
    const words =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
    errors.push(fieldInvalid(field, '', words));
  } else if (variable.value) {
    errors.push(fieldInvalid(field, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(fieldInvalid(field, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

const keySelector = (selector: { name?: string | undefined; key: string }, field: string): FieldError[] => [
  ...all(dnsSubdomainProblems(selector.name ?? ''), `${field}.name`, selector.name ?? ''),
  ...requiredName(selector.key, `${field}.key`, configKeyProblems),
];

export const envFrom = (sources: readonly V1EnvFromSource[] | undefined, field: string): FieldError[] =>
  each(sources, field, (source, path) => {
    const errors = source.prefix ? all(envNameProblems(source.prefix), `${path}.prefix`, source.prefix) : [];
    if (source.configMapRef) errors.push(...requiredName(source.configMapRef.name, `${path}.configMapRef.name`));
    if (source.secretRef) errors.push(...requiredName(source.secretRef.name, `${path}.secretRef.name`));
    const count = [source.configMapRef, source.secretRef].filter(Boolean).length;
    // Their path is that of the whole list here.
    if (count === 0) errors.push(fieldInvalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (count > 1) errors.push(fieldInvalid(field, '', 'may not have more than one field specified at a time'));
    return errors;
  });

/** A field of the pod itself, also as `metadata.labels['key']`. */
export function objectField(ref: V1ObjectFieldSelector, supported: readonly string[], field: string): FieldError[] {
  if (!ref.apiVersion) return [fieldRequired(`${field}.apiVersion`)];
  if (!ref.fieldPath) return [fieldRequired(`${field}.fieldPath`)];
  if (ref.apiVersion !== 'v1') {
    const words = `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`;
    return [fieldInvalid(`${field}.fieldPath`, ref.fieldPath, words)];
  }
  const [, path, subscript] = /^(.*)\['(.*)'\]$/.exec(ref.fieldPath) ?? [];
  if (path !== undefined && subscript !== undefined) {
    if (path === 'metadata.annotations') return qualifiedName(subscript.toLowerCase(), field);
    if (path === 'metadata.labels') return qualifiedName(subscript, field);
    const known = convertible.has(path);
    return known
      ? [fieldInvalid(field, path, 'does not support subscript')]
      : [unknownField(ref.fieldPath, `${field}.fieldPath`)];
  }
  if (!convertible.has(ref.fieldPath)) return [unknownField(ref.fieldPath, `${field}.fieldPath`)];
  return supported.includes(ref.fieldPath) ? [] : [fieldNotSupported(`${field}.fieldPath`, ref.fieldPath, supported)];
}

const unknownField = (path: string, field: string): FieldError =>
  fieldInvalid(field, path, `error converting fieldPath: field label not supported: ${path}`);

export function resourceField(ref: V1ResourceFieldSelector, field: string, inVolume: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (inVolume && !ref.containerName) errors.push(fieldRequired(`${field}.containerName`));
  else if (!ref.resource) errors.push(fieldRequired(`${field}.resource`));
  else if (!containerResources.includes(ref.resource) && !/^(requests|limits)\.hugepages-/.test(ref.resource)) {
    errors.push(fieldNotSupported(`${field}.resource`, ref.resource, containerResources));
  }
  return [...errors, ...divisor(ref, field)];
}

const sizes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function divisor(ref: V1ResourceFieldSelector, field: string): FieldError[] {
  const quantity = readQuantity(ref.divisor);
  if (!quantity || ref.divisor === undefined || quantity.nano === 0n) return [];
  const name = (ref.resource ?? '').replace(/^(requests|limits)\./, '');
  const bySize = `only divisor's values ${sizes.join(', ')} are supported with the`;
  const rules: Record<string, [readonly string[], string]> = {
    cpu: [['1m', '1'], "only divisor's values 1m and 1 are supported with the cpu resource"],
    memory: [sizes, `${bySize} memory resource`],
    'ephemeral-storage': [sizes, `${bySize} local ephemeral storage resource`],
  };
  const rule = name.startsWith('hugepages-') ? ([sizes, `${bySize} hugepages resource`] as const) : rules[name];
  if (!rule || rule[0].includes(canonicalQuantity(ref.divisor))) return [];
  return [fieldInvalid(`${field}.divisor`, ref.resource, rule[1])];
}
