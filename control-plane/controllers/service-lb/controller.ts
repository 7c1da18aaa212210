import type { V1EndpointSlice, V1LoadBalancerIngress, V1Node, V1Service } from '#api/generated/types.ts';
import { endpointSlices, nodes, services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import { done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped, type Source } from '#client/sources.ts';
import { isSame } from '../shared/canonical.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { addressesOf, canServe, isBalanced, planBalancer, type ReservedPort } from './plan.ts';

const serviceLabel = 'kubernetes.io/service-name';
const serviceIndex = 'service';

/**
 * Gives services of the type LoadBalancer the addresses of the nodes that can serve them: every node's rules lead these to the
 * service. Services with a class are another implementation's.
 */
export function createServiceLbController(
  context: ControllerContext,
  reserved: readonly ReservedPort[] = [],
): Runnable {
  const { client, informers, clock, random, log, recorder } = context;
  const caches = {
    services: informers.informer(services),
    nodes: informers.informer(nodes),
    slices: informers.informer(endpointSlices, {
      [serviceIndex]: ({ metadata }: V1EndpointSlice): readonly string[] => [
        `${metadata?.namespace}/${metadata?.labels?.[serviceLabel] ?? ''}`,
      ],
    }),
  };
  /** What was said last of a service, so that it is not said at every look. */
  const told = new Map<string, string>();

  const tell = (service: Stored<V1Service>, type: 'Normal' | 'Warning', reason: string, message: string): void => {
    if (told.get(service.metadata.uid) === message) return;
    told.set(service.metadata.uid, message);
    recorder.record(service, type, reason, message);
  };

  const write = async (
    service: Stored<V1Service>,
    ingress: readonly V1LoadBalancerIngress[],
    signal: AbortSignal,
  ): Promise<void> => {
    const loadBalancer = ingress.length === 0 ? {} : { ingress: [...ingress] };
    await client.updateStatus(services, { ...service, status: { ...service.status, loadBalancer } }, { signal });
  };

  const reconcile: Reconcile = async (signal, key) => {
    const service = caches.services.get(key);
    if (!service) return done;
    const current = service.status?.loadBalancer?.ingress ?? [];
    if (service.spec?.type !== 'LoadBalancer') {
      told.delete(service.metadata.uid);
      if (current.length > 0) await write(service, [], signal);
      return done;
    }
    if (!isBalanced(service)) return done;
    const slices = caches.slices.byIndex(serviceIndex, `${key.namespace}/${key.name}`);
    const plan = planBalancer(service, caches.services.list(), caches.nodes.list(), slices, reserved);
    if (!isSame(current, plan.ingress)) await write(service, plan.ingress, signal);
    if (plan.problem) tell(service, 'Warning', plan.problem.reason, plan.problem.message);
    else if (current.length === 0) tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
    else if (!isSame(current, plan.ingress)) {
      tell(service, 'Normal', 'UpdatedLoadBalancer', `Updated load balancer with new hosts: ${textOf(plan.ingress)}`);
    }
    return done;
  };

  const allBalanced = () => caches.services.list().filter(isBalanced).map(keyOf);

  /** What happens to one may give its ports to another. */
  const balancers: Source = {
    waitForSync: (signal) => caches.services.waitForSync(signal),
    attach(enqueue) {
      const all = (): void => {
        for (const key of allBalanced()) enqueue(key);
      };
      return caches.services.addHandler({
        onUpdate: (object, old) => {
          if (isBalanced(object) !== isBalanced(old) || !isSame(object.spec?.ports, old.spec?.ports)) all();
        },
        onDelete: (object) => {
          told.delete(object.metadata.uid);
          if (isBalanced(object)) all();
        },
      });
    },
  };

  /** Nodes tell of much that is nothing to us. */
  const changedNodes: Source = {
    waitForSync: (signal) => caches.nodes.waitForSync(signal),
    attach(enqueue) {
      const all = (): void => {
        for (const key of allBalanced()) enqueue(key);
      };
      return caches.nodes.addHandler({
        onAdd: all,
        onDelete: all,
        onUpdate: (object, old) => {
          if (!isSame(factsOf(object), factsOf(old))) all();
        },
      });
    },
  };

  return createController({
    name: 'service-lb',
    queue: retries,
    reconcile,
    sources: [
      forObject(caches.services),
      balancers,
      changedNodes,
      mapped(caches.slices, ({ metadata }) => {
        const name = metadata.labels?.[serviceLabel];
        const key = { namespace: metadata.namespace, name: name ?? '' };
        const service = name === undefined ? undefined : caches.services.get(key);
        return service && isBalanced(service) ? [key] : [];
      }),
    ],
    clock,
    random,
    log,
  });
}

const factsOf = (node: V1Node): readonly string[] => (canServe(node) ? addressesOf(node) : []);
const textOf = (ingress: readonly V1LoadBalancerIngress[]): string => ingress.map(({ ip }) => ip).join(', ');
