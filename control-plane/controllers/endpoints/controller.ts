import type { V1Endpoints } from '#api/generated/types.ts';
import { endpoints, pods, services } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { isSame } from '../shared/canonical.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { hasSelector } from '../shared/service-pods.ts';
import { podLabelIndexes, podsOf, serviceSelectorIndexes, servicesOfPods } from '../shared/service-source.ts';
import { managedBy, managedByLabel, planEndpoints } from './plan.ts';

/** Keeps one Endpoints object per service with a selector: the older form of endpoint slices, which many clients read. */
export function createEndpointsController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const caches = {
    services: informers.informer(services, serviceSelectorIndexes),
    pods: informers.informer(pods, podLabelIndexes),
    endpoints: informers.informer(endpoints),
  };

  const removeOwn = async (key: ObjectKey, signal: AbortSignal): Promise<void> => {
    const current = caches.endpoints.get(key);
    // Endpoints that somebody wrote by hand are theirs.
    if (current?.metadata.labels?.[managedByLabel] !== managedBy) return;
    try {
      await client.delete(endpoints, key, { signal, preconditions: { uid: current.metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };

  const reconcile: Reconcile = async (signal, key) => {
    const service = caches.services.get(key);
    if (!service) {
      await removeOwn(key, signal);
      return done;
    }
    if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return done;
    const matching = podsOf(caches.pods, service);
    const wanted = planEndpoints(service, matching);
    const current = caches.endpoints.get(key);
    if (!current) await client.create(endpoints, wanted, { signal });
    else if (differs(current, wanted)) await client.update(endpoints, merged(current, wanted), { signal });
    return done;
  };

  return createController({
    name: 'endpoints',
    queue: retries,
    reconcile,
    sources: [forObject(caches.services), forObject(caches.endpoints), servicesOfPods(caches.pods, caches.services)],
    clock,
    random,
    log,
  });
}

const differs = (current: Stored<V1Endpoints>, wanted: V1Endpoints): boolean =>
  !isSame(current.subsets ?? [], wanted.subsets ?? []) ||
  !isSame(current.metadata.labels ?? {}, wanted.metadata?.labels ?? {}) ||
  !isSame(merged(current, wanted).metadata.annotations ?? {}, current.metadata.annotations ?? {});

/** Annotations of others stay. */
function merged(current: Stored<V1Endpoints>, wanted: V1Endpoints): Stored<V1Endpoints> {
  const { 'endpoints.kubernetes.io/over-capacity': _, ...others } = current.metadata.annotations ?? {};
  const annotations = { ...others, ...wanted.metadata?.annotations };
  return {
    ...current,
    metadata: { ...current.metadata, labels: wanted.metadata?.labels, annotations },
    subsets: wanted.subsets,
  };
}
