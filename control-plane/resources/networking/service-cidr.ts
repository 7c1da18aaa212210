import { serviceCIDRs } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const serviceCIDRResource = defineResource({
  type: serviceCIDRs,
  subresources: [statusSubresource],
});
