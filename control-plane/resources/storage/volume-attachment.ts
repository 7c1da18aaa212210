import { volumeAttachments } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const volumeAttachmentResource = defineResource({
  type: volumeAttachments,
  subresources: [statusSubresource],
});
