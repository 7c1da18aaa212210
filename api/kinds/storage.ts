import type {
  V1CSIDriver,
  V1CSINode,
  V1CSIStorageCapacity,
  V1StorageClass,
  V1VolumeAttachment,
  V1VolumeAttributesClass,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const csiDrivers = resourceType<V1CSIDriver>('storage.k8s.io', 'v1', 'csidrivers', 'CSIDriver', {
  namespaced: false,
});
export const csiNodes = resourceType<V1CSINode>('storage.k8s.io', 'v1', 'csinodes', 'CSINode', { namespaced: false });
export const csiStorageCapacities = resourceType<V1CSIStorageCapacity>(
  'storage.k8s.io',
  'v1',
  'csistoragecapacities',
  'CSIStorageCapacity',
);
export const storageClasses = resourceType<V1StorageClass>('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', {
  shortNames: ['sc'],
  namespaced: false,
});
export const volumeAttachments = resourceType<V1VolumeAttachment>(
  'storage.k8s.io',
  'v1',
  'volumeattachments',
  'VolumeAttachment',
  { namespaced: false },
);
export const volumeAttributesClasses = resourceType<V1VolumeAttributesClass>(
  'storage.k8s.io',
  'v1',
  'volumeattributesclasses',
  'VolumeAttributesClass',
  { shortNames: ['vac'], namespaced: false },
);
