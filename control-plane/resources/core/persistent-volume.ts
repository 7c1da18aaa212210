import { defaultVolume } from '#api/defaults/more.ts';
import type { V1PersistentVolume } from '#api/generated/types.ts';
import { persistentVolumes } from '#api/kinds.ts';
import { validateVolume, validateVolumeUpdate } from '#api/validation/storage.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { accessModesText, unset } from './volume-columns.ts';

const phaseOf = ({ metadata, status }: V1PersistentVolume): string =>
  metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? '');

const claimOf = ({ spec }: V1PersistentVolume): string =>
  spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '';

export const persistentVolumeResource = defineResource<V1PersistentVolume>({
  type: persistentVolumes,
  strategy: specAndStatus<V1PersistentVolume>(
    { default: defaultVolume, validate: validateVolume, validateUpdate: validateVolumeUpdate },
    { emptyStatus: () => ({ phase: 'Pending' }), generation: false },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Capacity', (volume) => volume.spec?.capacity?.storage ?? '0'),
    column('Access Modes', (volume) => accessModesText(volume.spec?.accessModes)),
    column('Reclaim Policy', (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? ''),
    column('Status', phaseOf),
    column('Claim', claimOf),
    column('StorageClass', (volume) => volume.spec?.storageClassName ?? ''),
    column('VolumeAttributesClass', (volume) => volume.spec?.volumeAttributesClassName ?? unset),
    column('Reason', (volume) => volume.status?.reason ?? ''),
    ageColumn(),
    column('VolumeMode', (volume) => volume.spec?.volumeMode ?? unset, { wide: true }),
  ],
});
