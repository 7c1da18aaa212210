import { persistentVolumes } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const persistentVolumeResource = defineResource({
  type: persistentVolumes,
  subresources: [statusSubresource],
});
