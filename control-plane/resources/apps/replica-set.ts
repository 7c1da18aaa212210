import { replicaSets } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';

export const replicaSetResource = defineResource({
  type: replicaSets,
  subresources: [scaleSubresource(), statusSubresource],
});
