import { deployments } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';

export const deploymentResource = defineResource({
  type: deployments,
  subresources: [scaleSubresource(), statusSubresource],
});
