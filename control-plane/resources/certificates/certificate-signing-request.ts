import { certificateSigningRequests } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { objectSubresource, statusSubresource } from '../subresources.ts';

export const certificateSigningRequestResource = defineResource({
  type: certificateSigningRequests,
  subresources: [objectSubresource('approval'), statusSubresource],
});
