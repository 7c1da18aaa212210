import type { V1NamespaceCondition } from '#api/generated/types.ts';
import { withCondition } from '../shared/conditions.ts';

/** Objects of one kind that are still there after their deletion was asked for. */
export interface Remaining {
  /** `pods`, `deployments.apps`. */
  readonly resource: string;
  readonly count: number;
  /** One entry per object and finalizer. */
  readonly finalizers: readonly string[];
}

/** Why a namespace is not gone yet, in Kubernetes' words. */
export function namespaceConditions(
  current: readonly V1NamespaceCondition[],
  found: { readonly remaining: readonly Remaining[]; readonly failures: readonly string[] },
  nowMs: number,
): readonly V1NamespaceCondition[] {
  const wanted = [
    ok('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    ok(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    contentFailure(found.failures),
    contentRemaining(found.remaining),
    finalizersRemaining(found.remaining),
  ];
  return wanted.reduce<readonly V1NamespaceCondition[]>((all, one) => withCondition(all, one, nowMs), current);
}

const ok = (type: string, reason: string, message: string): V1NamespaceCondition => ({
  type,
  status: 'False',
  reason,
  message,
});

const contentFailure = (failures: readonly string[]): V1NamespaceCondition =>
  failures.length === 0
    ? ok(
        'NamespaceDeletionContentFailure',
        'ContentDeleted',
        'All content successfully deleted, may be waiting on finalization',
      )
    : {
        type: 'NamespaceDeletionContentFailure',
        status: 'True',
        reason: 'ContentDeletionFailed',
        message: `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`,
      };

function contentRemaining(remaining: readonly Remaining[]): V1NamespaceCondition {
  if (remaining.length === 0)
    return ok('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed');
  const list = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`).sort();
  return {
    type: 'NamespaceContentRemaining',
    status: 'True',
    reason: 'SomeResourcesRemain',
    message: `Some resources are remaining: ${list.join(', ')}`,
  };
}

function finalizersRemaining(remaining: readonly Remaining[]): V1NamespaceCondition {
  const counts = new Map<string, number>();
  for (const name of remaining.flatMap(({ finalizers }) => finalizers)) counts.set(name, (counts.get(name) ?? 0) + 1);
  if (counts.size === 0)
    return ok('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished');
  const list = [...counts].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  return {
    type: 'NamespaceFinalizersRemaining',
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message: `Some content in the namespace has finalizers remaining: ${list.join(', ')}`,
  };
}
