import { defaultClaim } from '#api/defaults/more.ts';
import type { V1PersistentVolumeClaim } from '#api/generated/types.ts';
import { persistentVolumeClaims } from '#api/kinds.ts';
import { validateClaim, validateClaimUpdate } from '#api/validation/volume-claim.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { accessModesText, unset } from './volume-columns.ts';

const phaseOf = ({ metadata, status }: V1PersistentVolumeClaim): string =>
  metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? '');

const isBound = (claim: V1PersistentVolumeClaim): boolean => Boolean(claim.spec?.volumeName);

export const persistentVolumeClaimResource = defineResource<V1PersistentVolumeClaim>({
  type: persistentVolumeClaims,
  strategy: specAndStatus<V1PersistentVolumeClaim>(
    { default: defaultClaim, validate: validateClaim, validateUpdate: validateClaimUpdate },
    { emptyStatus: () => ({ phase: 'Pending' }), generation: false },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Status', phaseOf),
    column('Volume', (claim) => claim.spec?.volumeName ?? ''),
    column('Capacity', (claim) => (isBound(claim) ? (claim.status?.capacity?.storage ?? '0') : '')),
    column('Access Modes', (claim) => (isBound(claim) ? accessModesText(claim.status?.accessModes) : '')),
    column('StorageClass', (claim) => claim.spec?.storageClassName ?? ''),
    column('VolumeAttributesClass', (claim) => claim.spec?.volumeAttributesClassName ?? unset),
    ageColumn(),
    column('VolumeMode', (claim) => claim.spec?.volumeMode ?? unset, { wide: true }),
  ],
});
