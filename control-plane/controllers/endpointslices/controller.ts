import type { V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices, nodes, pods, services } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { onDelete } from '../shared/on-delete.ts';
import { createPendingWrites } from '../shared/pending-writes.ts';
import { hasSelector } from '../shared/service-pods.ts';
import { podLabelIndexes, podsOf, serviceSelectorIndexes, servicesOfPods } from '../shared/service-source.ts';
import { desiredGroups } from './desired.ts';
import { managedBy, managedByLabel, planSlices, serviceLabel } from './plan.ts';

const serviceIndex = 'service';
const serviceIndexes = {
  [serviceIndex]: ({ metadata }: V1EndpointSlice): readonly string[] => [
    `${metadata?.namespace}/${metadata?.labels?.[serviceLabel] ?? ''}`,
  ],
};

/** While own writes are not in the cache yet, it looks again after this time even if no event comes. */
const pendingCheckMs = 1_000;

/** Keeps the endpoint slices of every service with a selector: what proxies and DNS go by. */
export function createEndpointSlicesController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const caches = {
    services: informers.informer(services, serviceSelectorIndexes),
    pods: informers.informer(pods, podLabelIndexes),
    nodes: informers.informer(nodes),
    slices: informers.informer(endpointSlices, serviceIndexes),
  };
  const pending = createPendingWrites(client, endpointSlices, caches.slices, () => clock.now());

  const ownSlices = ({ namespace, name }: ObjectKey): readonly Stored<V1EndpointSlice>[] =>
    caches.slices
      .byIndex(serviceIndex, `${namespace}/${name}`)
      .filter(({ metadata }) => metadata.labels?.[managedByLabel] === managedBy);

  const remove = async (slice: Stored<V1EndpointSlice>, signal: AbortSignal): Promise<void> => {
    const { uid, resourceVersion } = slice.metadata;
    try {
      await client.delete(endpointSlices, keyOf(slice), { signal, preconditions: { uid, resourceVersion } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };

  const reconcile: Reconcile = async (signal, key) => {
    const service = caches.services.get(key);
    // The slices of a service that is gone are the garbage collector's.
    if (!service || service.metadata.deletionTimestamp !== undefined) return done;
    const { uid } = service.metadata;
    if ((await pending.settle(uid, signal)) > 0) return after(pendingCheckMs);
    const current = ownSlices(key);
    if (!hasSelector(service)) {
      if (service.spec?.type === 'ExternalName') for (const slice of current) await remove(slice, signal);
      return done;
    }
    const matching = podsOf(caches.pods, service);
    const groups = desiredGroups(service, matching, (name) => caches.nodes.get({ name }));
    const taken = (name: string): boolean => caches.slices.get({ namespace: key.namespace, name }) !== undefined;
    const plan = planSlices(service, groups, current, taken);
    // First what adds, then what takes away: an endpoint that moves is never missing.
    for (const slice of plan.create) {
      await pending.write(uid, placeOf(slice), client.create(endpointSlices, slice, { signal }));
    }
    for (const slice of plan.update) {
      await pending.write(uid, placeOf(slice), client.update(endpointSlices, slice, { signal }));
    }
    for (const slice of plan.remove) await remove(slice, signal);
    return done;
  };

  return createController({
    name: 'endpointslices',
    queue: retries,
    reconcile,
    sources: [
      forObject(caches.services),
      onDelete(caches.services, ({ metadata }) => pending.forget(metadata.uid)),
      mapped(caches.slices, ({ metadata }) => {
        const name = metadata.labels?.[serviceLabel];
        return name === undefined ? [] : [{ namespace: metadata.namespace, name }];
      }),
      servicesOfPods(caches.pods, caches.services),
    ],
    clock,
    random,
    log,
  });
}

const placeOf = ({ metadata }: V1EndpointSlice): ObjectKey => ({
  namespace: metadata?.namespace,
  name: metadata?.name ?? '',
});
