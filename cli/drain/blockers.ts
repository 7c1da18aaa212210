import type { V1Pod } from '#api/generated/types.ts';
import { podDisruptionBudgets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { StatusError } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Blocker } from './options.ts';

/** Who speaks against an eviction that the server has refused for now. */
export async function blockerOf(
  client: ApiClient,
  pod: Stored<V1Pod>,
  error: StatusError,
  signal: AbortSignal,
): Promise<Blocker> {
  const { namespace, labels = {} } = pod.metadata;
  const items = await client.list(podDisruptionBudgets, { namespace, signal }).then(
    (list) => list.items,
    (refused: unknown) => {
      // A machine that drains itself may not read budgets: what the server said has to do.
      if (refused instanceof StatusError && refused.code === 403) return [];
      throw refused;
    },
  );
  const budgets = items
    .filter(({ spec }) => spec?.selector && matchesLabels(fromLabelSelectorObject(spec.selector), labels))
    .map(({ metadata, status }) => ({
      name: metadata.name,
      desired: status?.desiredHealthy ?? 0,
      healthy: status?.currentHealthy ?? 0,
      expected: status?.expectedPods ?? 0,
    }));
  return { message: error.message, budgets };
}

/** `budget web needs 2 healthy pods and has 2: 1 more must become ready`. */
export function describeBlocker({ message, budgets }: Blocker): string {
  const [first] = budgets;
  if (!first) return message;
  const { name, desired, healthy, expected } = first;
  const missing = desired + 1 - healthy;
  const counts = `budget ${name} needs ${desired} healthy ${desired === 1 ? 'pod' : 'pods'} and has ${healthy}`;
  if (missing <= 0) return `${counts}: another of its pods is on its way out`;
  // Even with all of them healthy none may be missing: waiting does not help.
  if (desired >= expected) {
    return `${counts} of ${expected}, so that none may ever be missing: scale up, or change it with: kubectl edit pdb ${name}`;
  }
  return `${counts}: ${missing} more must become ready`;
}
