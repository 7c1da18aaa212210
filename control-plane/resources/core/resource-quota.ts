import { resourceQuotas } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const resourceQuotaResource = defineResource({
  type: resourceQuotas,
  subresources: [statusSubresource],
});
