import type { V1PodDisruptionBudget } from '#api/generated/types.ts';
import type { Problem } from './problem.ts';

/** A budget that stands in the way of every drain, now and later. */
export function budgetProblems({ metadata, status }: V1PodDisruptionBudget): Problem[] {
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed');
  if (condition?.reason === 'SyncFailed') {
    return [
      {
        what: `what it allows cannot be worked out: ${condition.message}`,
        advice: 'Set spec.minAvailable to a number of pods: that needs no replicas to be known',
      },
    ];
  }
  const { desiredHealthy = 0, expectedPods = 0, currentHealthy = 0 } = status ?? {};
  if (expectedPods === 0 || desiredHealthy < expectedPods) return [];
  const counts = `it wants ${desiredHealthy} healthy ${desiredHealthy === 1 ? 'pod' : 'pods'} of ${expectedPods}`;
  return [
    {
      what: `${counts}, so that none may ever be evicted${currentHealthy < desiredHealthy ? ` (${currentHealthy} are healthy)` : ''}`,
      advice: `Run more replicas, or let one be missing: kubectl edit pdb ${metadata?.name}`,
    },
  ];
}
