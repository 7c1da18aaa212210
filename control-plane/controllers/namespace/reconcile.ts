import type { V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound, qualified, StatusError } from '#api/status-error.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile } from '#client/reconciler.ts';
import { isSame } from '../shared/canonical.ts';
import type { ControllerContext } from '../shared/context.ts';
import { namespaceConditions, type Remaining } from './conditions.ts';

/** What keeps a namespace until its content is gone. */
const finalizer = 'kubernetes';
const lookAgainMs = 1_000;

/**
 * Empties a namespace that is being deleted, kind by kind, and lets it go when nothing is left. It asks the server, not a
 * cache: letting go too early would leave objects that nobody can reach. Every step may be repeated.
 */
export function createNamespaceReconcile(
  { client, clock }: ControllerContext,
  cache: Informer<V1Namespace>,
  kinds: () => readonly ResourceType[],
): Reconcile {
  const empty = async (type: ResourceType, namespace: string, signal: AbortSignal): Promise<Remaining | undefined> => {
    const before = await client.list(type, { namespace, limit: 1, signal });
    if (before.items.length === 0) return undefined;
    await client.deleteCollection(type, { namespace, signal, delete: { propagationPolicy: 'Background' } });
    const left = await client.list(type, { namespace, signal });
    if (left.items.length === 0) return undefined;
    const finalizers = left.items.flatMap(({ metadata }) => metadata.finalizers ?? []);
    return { resource: qualified(type), count: left.items.length, finalizers };
  };

  const emptyAll = async (types: readonly ResourceType[], namespace: string, signal: AbortSignal): Promise<Found> => {
    const remaining: Remaining[] = [];
    const failures: string[] = [];
    for (const type of types) {
      try {
        const left = await empty(type, namespace, signal);
        if (left) remaining.push(left);
      } catch (error) {
        signal.throwIfAborted();
        // A kind that is no longer served, or that cannot be deleted in bulk, must not keep the rest from going.
        if (isUnserved(error)) continue;
        failures.push(`${qualified(type)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { remaining, failures };
  };

  const report = async (namespace: Stored<V1Namespace>, found: Found, signal: AbortSignal): Promise<void> => {
    const conditions = namespaceConditions(namespace.status?.conditions ?? [], found, clock.now());
    if (isSame(namespace.status?.conditions ?? [], conditions)) return;
    const status = { ...namespace.status, phase: 'Terminating', conditions: [...conditions] };
    await client.updateStatus(namespaces, { ...namespace, status }, { signal });
  };

  return async (signal, key) => {
    const cached = cache.get(key);
    if (cached?.metadata.deletionTimestamp === undefined) return done;
    const finalizers = cached.spec?.finalizers ?? [];
    if (!finalizers.includes(finalizer)) return done;
    const types = kinds().filter(({ namespaced }) => namespaced);
    const first = await emptyAll(types.filter(isWorkload), key.name, signal);
    const second = nothing(first)
      ? await emptyAll(
          types.filter((type) => !isWorkload(type)),
          key.name,
          signal,
        )
      : first;
    if (!nothing(second)) {
      await report(cached, second, signal);
      if (second.failures.length > 0) throw new Error(`namespace ${key.name}: ${second.failures.join('; ')}`);
      return after(lookAgainMs);
    }
    const spec = { ...cached.spec, finalizers: finalizers.filter((name) => name !== finalizer) };
    try {
      await client.updateSubresource(
        namespaces,
        { name: key.name },
        'finalize',
        { ...cached, ...{ spec } },
        { signal },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return done;
  };
}

export interface Found {
  readonly remaining: readonly Remaining[];
  readonly failures: readonly string[];
}

const nothing = ({ remaining, failures }: Found): boolean => remaining.length + failures.length === 0;

/** Pods and what makes them go first, while the rules and secrets that they run under are still in place. */
const isWorkload = ({ group, resource }: ResourceType): boolean =>
  group === 'apps' || group === 'batch' || (group === '' && ['pods', 'replicationcontrollers'].includes(resource));

const isUnserved = (error: unknown): boolean =>
  error instanceof StatusError && (error.code === 404 || error.reason === 'MethodNotAllowed');
