import { persistentVolumeClaims } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const persistentVolumeClaimResource = defineResource({
  type: persistentVolumeClaims,
  subresources: [statusSubresource],
});
