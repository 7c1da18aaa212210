import { statefulSets } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';

export const statefulSetResource = defineResource({
  type: statefulSets,
  subresources: [scaleSubresource(), statusSubresource],
});
