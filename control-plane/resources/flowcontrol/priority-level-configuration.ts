import { priorityLevelConfigurations } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const priorityLevelConfigurationResource = defineResource({
  type: priorityLevelConfigurations,
  subresources: [statusSubresource],
});
