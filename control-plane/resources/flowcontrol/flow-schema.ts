import { flowSchemas } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const flowSchemaResource = defineResource({
  type: flowSchemas,
  subresources: [statusSubresource],
});
