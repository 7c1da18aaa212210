import { customResourceDefinitions } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const customResourceDefinitionResource = defineResource({
  type: customResourceDefinitions,
  storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
  subresources: [statusSubresource],
});
