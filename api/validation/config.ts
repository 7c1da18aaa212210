import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong } from '../field-error.ts';
import type { V1ConfigMap, V1Secret } from '../generated/types.ts';
import { all, immutableField } from './fields.ts';
import { configKeyProblems } from './formats.ts';

/** Of all values together, keys aside. */
const bytesMax = 1024 * 1024;

const decodedBytes = (base64: string): number =>
  Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);

export function validateConfigMap({ data = {}, binaryData = {} }: V1ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...all(configKeyProblems(key), `data[${key}]`, key));
    if (binaryData[key] !== undefined) {
      errors.push(fieldInvalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...all(configKeyProblems(key), `binaryData[${key}]`, key));
    bytes += decodedBytes(value);
  }
  return bytes > bytesMax ? [...errors, fieldTooLong('', bytesMax)] : errors;
}

const frozen = 'field is immutable when `immutable` is set';

export function validateConfigMapUpdate(map: V1ConfigMap, old: V1ConfigMap): FieldError[] {
  if (!old.immutable) return [];
  return [
    ...(map.immutable ? [] : [fieldForbidden('immutable', frozen)]),
    ...(sameMap(map.data, old.data) ? [] : [fieldForbidden('data', frozen)]),
    ...(sameMap(map.binaryData, old.binaryData) ? [] : [fieldForbidden('binaryData', frozen)]),
  ];
}

type Texts = Readonly<Record<string, string>>;

function sameMap(a: Texts = {}, b: Texts = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** By type: the keys it must have; of `any`, one is enough. */
const typedKeys: Readonly<Record<string, { all?: readonly string[]; any?: readonly string[] }>> = {
  'kubernetes.io/basic-auth': { any: ['username', 'password'] },
  'kubernetes.io/tls': { all: ['tls.crt', 'tls.key'] },
};
const jsonKeys: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};
const accountAnnotation = 'kubernetes.io/service-account.name';

export function validateSecret(secret: V1Secret): FieldError[] {
  const { data = {}, type = 'Opaque' } = secret;
  const errors = Object.keys(data).flatMap((key) => all(configKeyProblems(key), `data[${key}]`, key));
  const bytes = Object.values(data).reduce((sum, value) => sum + decodedBytes(value), 0);
  if (bytes > bytesMax) errors.push(fieldTooLong('data', bytesMax));
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata?.annotations?.[accountAnnotation]) {
    errors.push(fieldRequired(`metadata.annotations[${accountAnnotation}]`));
  }
  if (type === 'kubernetes.io/ssh-auth' && !data['ssh-privatekey']) {
    errors.push(fieldRequired('data[ssh-privatekey]'));
  }
  const rule = typedKeys[type];
  for (const key of rule?.all ?? []) if (data[key] === undefined) errors.push(fieldRequired(`data[${key}]`));
  if (rule?.any?.every((key) => data[key] === undefined)) {
    errors.push(...rule.any.map((key) => fieldRequired(`data[${key}]`)));
  }
  const jsonKey = jsonKeys[type];
  return jsonKey ? [...errors, ...jsonValue(data[jsonKey], `data[${jsonKey}]`)] : errors;
}

function jsonValue(base64: string | undefined, field: string): FieldError[] {
  if (base64 === undefined) return [fieldRequired(field)];
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    if (typeof value === 'object' && !Array.isArray(value)) return [];
    return [fieldInvalid(field, '<secret contents redacted>', 'must be a JSON object')];
  } catch (error) {
    const words =
      error instanceof Error && error.message.includes('end of JSON')
        ? 'unexpected end of JSON input'
        : 'must be valid JSON';
    return [fieldInvalid(field, '<secret contents redacted>', words)];
  }
}

export function validateSecretUpdate(secret: V1Secret, old: V1Secret): FieldError[] {
  const errors = immutableField(secret.type, old.type, 'type');
  if (!old.immutable) return errors;
  if (!secret.immutable) errors.push(fieldForbidden('immutable', frozen));
  if (!sameMap(secret.data, old.data)) errors.push(fieldForbidden('data', frozen));
  return errors;
}
