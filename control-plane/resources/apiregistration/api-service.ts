import { apiServices } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const apiServiceResource = defineResource({
  type: apiServices,
  storagePath: 'apiregistration.k8s.io/apiservices',
  subresources: [statusSubresource],
});
