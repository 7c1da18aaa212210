import { defaultStorageClass } from '#api/defaults/more.ts';
import type { V1StorageClass } from '#api/generated/types.ts';
import { storageClasses } from '#api/kinds.ts';
import { validateStorageClass, validateStorageClassUpdate } from '#api/validation/storage.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

const defaultAnnotation = 'storageclass.kubernetes.io/is-default-class';

function nameOf({ metadata }: V1StorageClass): string {
  const isDefault = metadata?.annotations?.[defaultAnnotation] === 'true';
  return isDefault ? `${metadata?.name} (default)` : (metadata?.name ?? '');
}

export const storageClassResource = defineResource<V1StorageClass>({
  type: storageClasses,
  strategy: {
    default: defaultStorageClass,
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
  },
  columns: [
    { ...nameColumn(), cell: nameOf },
    column('Provisioner', (storage) => storage.provisioner ?? ''),
    column('ReclaimPolicy', (storage) => storage.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', (storage) => storage.volumeBindingMode ?? 'Immediate'),
    column('AllowVolumeExpansion', (storage) => storage.allowVolumeExpansion ?? false),
    ageColumn(),
  ],
});
