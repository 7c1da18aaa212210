import { resourceClaims } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const resourceClaimResource = defineResource({
  type: resourceClaims,
  subresources: [statusSubresource],
});
