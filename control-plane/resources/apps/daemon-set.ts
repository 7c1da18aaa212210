import { daemonSets } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const daemonSetResource = defineResource({
  type: daemonSets,
  subresources: [statusSubresource],
});
