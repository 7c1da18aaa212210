import { horizontalPodAutoscalers } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const horizontalPodAutoscalerResource = defineResource({
  type: horizontalPodAutoscalers,
  subresources: [statusSubresource],
});
