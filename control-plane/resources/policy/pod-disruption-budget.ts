import type { V1PodDisruptionBudget } from '#api/generated/types.ts';
import { podDisruptionBudgets } from '#api/kinds.ts';
import { validateDisruptionBudget, validateDisruptionBudgetStatus } from '#api/validation/policy.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

export const podDisruptionBudgetResource = defineResource<V1PodDisruptionBudget>({
  type: podDisruptionBudgets,
  strategy: specAndStatus<V1PodDisruptionBudget>(
    { validate: validateDisruptionBudget, validateStatus: validateDisruptionBudgetStatus },
    { emptyStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }) },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Min Available', (budget) => String(budget.spec?.minAvailable ?? 'N/A')),
    column('Max Unavailable', (budget) => String(budget.spec?.maxUnavailable ?? 'N/A')),
    column('Allowed Disruptions', (budget) => budget.status?.disruptionsAllowed ?? 0, { type: 'integer' }),
    ageColumn(),
  ],
});
