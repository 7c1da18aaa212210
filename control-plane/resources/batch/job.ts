import { jobs } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const jobResource = defineResource({
  type: jobs,
  subresources: [statusSubresource],
});
