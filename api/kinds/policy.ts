import type { V1PodDisruptionBudget } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const podDisruptionBudgets = resourceType<V1PodDisruptionBudget>(
  'policy',
  'v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
  { shortNames: ['pdb'] },
);
