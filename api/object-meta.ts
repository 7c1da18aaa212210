import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired, fieldTooLong } from './field-error.ts';
import type { V1ObjectMeta, V1OwnerReference } from './generated/types.ts';
import {
  dns1035LabelErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
} from './name-rules.ts';
import type { Strategy } from './strategy.ts';

export type NameRule = NonNullable<Strategy<object>['nameRule']>;

const nameRules: Readonly<Record<NameRule, (name: string) => string[]>> = {
  'dns-subdomain': dnsSubdomainErrors,
  'dns-label': dnsLabelErrors,
  'dns-1035-label': dns1035LabelErrors,
  'path-segment': pathSegmentErrors,
};

/** Keys and values of all annotations together. */
const annotationBytesMax = 256 * 1024;

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Checks the metadata of an object that is about to be created; `path` is usually `metadata`. */
export function validateObjectMeta(
  meta: V1ObjectMeta | undefined,
  namespaced: boolean,
  nameRule: NameRule = 'dns-subdomain',
  path = 'metadata',
): FieldError[] {
  const given = meta ?? {};
  return [
    ...nameErrors(given, nameRules[nameRule], path),
    ...namespaceErrors(given.namespace ?? '', namespaced, `${path}.namespace`),
    ...((given.generation ?? 0) < 0
      ? [fieldInvalid(`${path}.generation`, given.generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(given.labels, `${path}.labels`),
    ...validateAnnotations(given.annotations, `${path}.annotations`),
    ...ownerErrors(given.ownerReferences ?? [], `${path}.ownerReferences`),
    ...finalizerErrors(given.finalizers ?? [], `${path}.finalizers`),
  ];
}

/** Checks new metadata against what is stored. What the writer left out counts as unchanged, except maps and lists. */
export function validateObjectMetaUpdate(meta: V1ObjectMeta, old: V1ObjectMeta, path = 'metadata'): FieldError[] {
  const immutable = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  return [
    ...(old.deletionTimestamp === undefined ? [] : newFinalizerErrors(meta, old, `${path}.finalizers`)),
    ...((meta.generation ?? old.generation ?? 0) < (old.generation ?? 0)
      ? [fieldInvalid(`${path}.generation`, meta.generation, 'must not be decremented')]
      : []),
    ...immutable.flatMap((field) =>
      meta[field] === undefined || meta[field] === '' || meta[field] === old[field]
        ? []
        : [fieldInvalid(`${path}.${field}`, meta[field], 'field is immutable')],
    ),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...ownerErrors(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...finalizerErrors(meta.finalizers ?? [], `${path}.finalizers`),
  ];
}

/** Also for selectors and templates: `path` is the map's own, as `spec.template.metadata.labels`. */
export const validateLabels = (labels: Record<string, string> | undefined, path: string): FieldError[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedNameErrors(key).map((error) => fieldInvalid(path, key, error)),
    ...labelValueErrors(value).map((error) => fieldInvalid(path, value, error)),
  ]);

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.flatMap(([key]) =>
      qualifiedNameErrors(key.toLowerCase()).map((error) => fieldInvalid(path, key, error)),
    ),
    ...(bytes > annotationBytesMax ? [fieldTooLong(path, annotationBytesMax)] : []),
  ];
}

function nameErrors(meta: V1ObjectMeta, rule: (name: string) => string[], path: string): FieldError[] {
  const prefix = meta.generateName ?? '';
  // The server appends characters of its own, so a prefix may end in a dash where a name may not.
  const sample = prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix;
  const prefixErrors = prefix ? rule(sample).map((error) => fieldInvalid(`${path}.generateName`, prefix, error)) : [];
  if (!meta.name) return [...prefixErrors, fieldRequired(`${path}.name`, 'name or generateName is required')];
  return [...prefixErrors, ...rule(meta.name).map((error) => fieldInvalid(`${path}.name`, meta.name, error))];
}

function namespaceErrors(namespace: string, namespaced: boolean, path: string): FieldError[] {
  if (!namespaced) return namespace ? [fieldForbidden(path, 'not allowed on this type')] : [];
  if (!namespace) return [fieldRequired(path)];
  return dnsLabelErrors(namespace).map((error) => fieldInvalid(path, namespace, error));
}

function ownerErrors(owners: readonly V1OwnerReference[], path: string): FieldError[] {
  const controllers = owners.filter((owner) => owner.controller).map((owner) => `${owner.kind}/${owner.name}`);
  return [
    ...owners.flatMap((owner) => oneOwnerErrors(owner, path)),
    ...controllers
      .slice(1)
      .map((other) =>
        fieldInvalid(
          path,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controllers[0]} and ${other}`,
        ),
      ),
  ];
}

function oneOwnerErrors(owner: V1OwnerReference, path: string): FieldError[] {
  const slashes = (owner.apiVersion ?? '').split('/');
  const versionFits = slashes.length <= 2 && slashes.at(-1) !== '';
  const filled = (['kind', 'name', 'uid'] as const)
    .filter((field) => !owner[field])
    .map((field) => fieldInvalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty'));
  const isEvent = owner.apiVersion === 'v1' && owner.kind === 'Event';
  return [
    ...(versionFits ? [] : [fieldInvalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty')]),
    ...filled,
    ...(isEvent ? [fieldInvalid(path, owner, '/v1, Kind=Event is disallowed from being an owner')] : []),
  ];
}

function finalizerErrors(finalizers: readonly string[], path: string): FieldError[] {
  const both = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion');
  return [
    ...finalizers.flatMap((name) => qualifiedNameErrors(name).map((error) => fieldInvalid(path, name, error))),
    ...(both ? [fieldInvalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
    ...finalizers.flatMap((name, index) =>
      name.includes('/') || standardFinalizers.has(name)
        ? []
        : [
            fieldInvalid(
              `${path}[${index}]`,
              name,
              'name is neither a standard finalizer name nor is it fully qualified',
            ),
          ],
    ),
  ];
}

function newFinalizerErrors(meta: V1ObjectMeta, old: V1ObjectMeta, path: string): FieldError[] {
  const before = new Set(old.finalizers);
  const added = (meta.finalizers ?? []).filter((name) => !before.has(name));
  if (added.length === 0) return [];
  const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
  return [
    fieldForbidden(path, `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`),
  ];
}
