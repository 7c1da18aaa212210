import type { V1PodDisruptionBudget } from '#api/generated/types.ts';
import { headLines } from './lines.ts';
import { formatSelector } from './scheduling.ts';

export function budgetLines({ metadata, spec, status }: V1PodDisruptionBudget): string[] {
  const bound =
    spec?.minAvailable !== undefined
      ? [`Min available:\t${spec.minAvailable}`]
      : spec?.maxUnavailable !== undefined
        ? [`Max unavailable:\t${spec.maxUnavailable}`]
        : [];
  return [
    ...headLines(metadata),
    ...bound,
    `Selector:\t${spec?.selector ? formatSelector(spec.selector) : '<unset>'}`,
    'Status:',
    `    Allowed disruptions:\t${status?.disruptionsAllowed ?? 0}`,
    `    Current:\t${status?.currentHealthy ?? 0}`,
    `    Desired:\t${status?.desiredHealthy ?? 0}`,
    `    Total:\t${status?.expectedPods ?? 0}`,
  ];
}
