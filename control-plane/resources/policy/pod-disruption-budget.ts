import { podDisruptionBudgets } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const podDisruptionBudgetResource = defineResource({
  type: podDisruptionBudgets,
  subresources: [statusSubresource],
});
