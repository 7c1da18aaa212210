import { cronJobs } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const cronJobResource = defineResource({
  type: cronJobs,
  subresources: [statusSubresource],
});
