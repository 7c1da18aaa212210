import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec } from '../generated/types.ts';
import { compareQuantities } from '../quantity.ts';
import { diffText } from './diff.ts';
import { semanticallyEqual } from './equal.ts';
import { immutableField, labelSelector, oneOf, optionalName, required } from './fields.ts';
import { positiveQuantity, readQuantity } from './pod/resources.ts';

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function accessModes(list: readonly string[] | undefined, field: string): FieldError[] {
  const errors = (list ?? []).flatMap((mode) => oneOf(mode, field, modes));
  const alone =
    list?.includes('ReadWriteOncePod') && list.some((mode) => mode !== 'ReadWriteOncePod' && modes.includes(mode));
  return alone ? [...errors, fieldForbidden(field, 'may not use ReadWriteOncePod with other access modes')] : errors;
}

export function claimSpec(spec: V1PersistentVolumeClaimSpec, field: string): FieldError[] {
  const storage = spec.resources?.requests?.storage;
  return [
    ...(spec.accessModes?.length ? [] : [fieldRequired(`${field}.accessModes`, 'at least 1 access mode is required')]),
    ...labelSelector(spec.selector, `${field}.selector`),
    ...accessModes(spec.accessModes, `${field}.accessModes`),
    ...(storage === undefined
      ? [fieldRequired(`${field}.resources[storage]`)]
      : positiveQuantity(storage, `${field}.resources[storage]`)),
    ...optionalName(spec.storageClassName, `${field}.storageClassName`),
    ...oneOf(spec.volumeMode, `${field}.volumeMode`, ['Block', 'Filesystem']),
    ...dataSource(spec.dataSource, `${field}.dataSource`),
    ...dataSource(spec.dataSourceRef, `${field}.dataSourceRef`),
    ...optionalName(spec.volumeAttributesClassName, `${field}.volumeAttributesClassName`),
  ];
}

function dataSource(
  source: { apiGroup?: string | undefined; kind: string; name: string } | undefined,
  field: string,
): FieldError[] {
  if (!source) return [];
  const errors = [...required(source.name, `${field}.name`), ...required(source.kind, `${field}.kind`)];
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    const words = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(fieldInvalid(field, source.kind, words));
  }
  return [...errors, ...optionalName(source.apiGroup, `${field}.apiGroup`)];
}

export const validateClaim = (claim: V1PersistentVolumeClaim): FieldError[] => claimSpec(claim.spec ?? {}, 'spec');

export function validateClaimUpdate(claim: V1PersistentVolumeClaim, old: V1PersistentVolumeClaim): FieldError[] {
  const spec = structuredClone(claim.spec ?? {});
  const oldSpec = structuredClone(old.spec ?? {});
  const errors: FieldError[] = [];
  if (!oldSpec.volumeName) oldSpec.volumeName = spec.volumeName;
  if (oldSpec.storageClassName === undefined) oldSpec.storageClassName = spec.storageClassName;
  const bound = claim.status?.phase === 'Bound';
  const storage = oldSpec.resources?.requests?.storage;
  if (bound && spec.resources?.requests && storage !== undefined) spec.resources.requests.storage = storage;
  if (bound && spec.volumeAttributesClassName !== undefined) {
    spec.volumeAttributesClassName = oldSpec.volumeAttributesClassName;
  }
  if (!semanticallyEqual(spec, oldSpec)) {
    const words =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    errors.push(fieldForbidden('spec', `${words}\n${diffText(oldSpec, spec)}`));
  }
  const size = readQuantity(claim.spec?.resources?.requests?.storage);
  const oldSize = readQuantity(old.spec?.resources?.requests?.storage);
  const capacity = readQuantity(old.status?.capacity?.storage);
  if (
    size &&
    oldSize &&
    compareQuantities(size, oldSize) < 0 &&
    (!capacity || compareQuantities(size, capacity) <= 0)
  ) {
    errors.push(fieldForbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  return [...errors, ...immutableField(claim.spec?.volumeMode, old.spec?.volumeMode, 'volumeMode')];
}
