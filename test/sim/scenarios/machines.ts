import { type ClusterConfig, clusterConfig } from '#api/cluster-config.ts';
import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { statefulSets } from '#api/kinds.ts';
import { hasEnded, isAvailable, isEndpointSlice, isGoing, isNode, isPod, isTrue, nameOf } from '../world/views.ts';
import type { World } from '../world/world.ts';
import { between, type Scenario, type Setup } from './scenario.ts';
import { createApp, settled } from './users.ts';

/** On machines whose clocks do not agree. */
const setupOf = (chosen: Partial<ClusterConfig>): Setup => ({
  cluster: clusterConfig(chosen),
  agents: {},
  settings: {},
  skew: { offsetMaxMs: 300_000, rateMax: 0.005 },
});

/** The names and numbers of what runs in these scenarios. */
export interface Load {
  readonly web: number;
  readonly store: number;
}

export async function startMachines(world: World, count: number): Promise<Load> {
  world.addMachines(count);
  const load = { web: between(world.random, 2, 4), store: between(world.random, 1, 3) };
  await createApp(world, 'web', {
    strategy: 'RollingUpdate',
    replicas: load.web,
    maxSurge: 1,
    maxUnavailable: 0,
    cpuMilli: 50,
  });
  await createStore(world, load.store);
  await world.converge('everything runs', () => unwell(world, load), 60_000);
  return load;
}

/** Of its pods there must never be two of one name. */
async function createStore(world: World, replicas: number): Promise<void> {
  const { random } = world;
  const name = 'store';
  const containers = [{ name: 'main', image: 'registry.example/store:1', resources: { requests: { cpu: '50m' } } }];
  await settled(
    world,
    world.user.create(statefulSets, {
      metadata: { name, namespace: 'default' },
      spec: {
        replicas,
        serviceName: name,
        podManagementPolicy: random.next() < 0.5 ? 'Parallel' : 'OrderedReady',
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { terminationGracePeriodSeconds: between(random, 1, 30), containers },
        },
      },
    }),
  );
}

export const podsOf = (world: World): readonly V1Pod[] => world.history.objects('pods').filter(isPod);
export const nodesOf = (world: World): readonly V1Node[] => world.history.objects('minions').filter(isNode);

const isTainted = (node: V1Node): boolean => (node.spec?.taints ?? []).length > 0;

/** What is not as it should be on the machines that live; nothing: all runs there, and there alone. */
export function unwell(world: World, load: Load): readonly string[] {
  const live = new Set(world.machines.filter(({ alive }) => alive).map(({ name }) => name));
  const pods = podsOf(world).filter((pod) => live.has(pod.spec?.nodeName ?? ''));
  const right = (app: string): readonly V1Pod[] =>
    pods.filter((pod) => pod.metadata?.labels?.app === app && isAvailable(pod));
  const wanted = [...Array.from({ length: load.store }, (_, ordinal) => `store-${ordinal}`)];
  const web = right('web').map(nameOf).sort();
  const served = readyEndpoints(world, 'web').sort();
  return [
    ...nodesOf(world).flatMap((node) =>
      live.has(nameOf(node)) && (!isTrue(node, 'Ready') || isTainted(node)) ? [`${nameOf(node)} is not used`] : [],
    ),
    ...(web.length === load.web ? [] : [`web has ${web.length} of ${load.web} pods`]),
    ...(served.join() === web.join() ? [] : [`web leads to [${served}], its pods are [${web}]`]),
    ...wanted.flatMap((name) => {
      const running = world.containers.runningOn(`default/${name}/main`);
      const pod = right('store').find((one) => nameOf(one) === name);
      if (!pod) return [`${name} is not ready`];
      return running.join() === pod.spec?.nodeName
        ? []
        : [`${name} runs on [${running}], not on ${pod.spec?.nodeName}`];
    }),
    ...pods.filter((pod) => isGoing(pod) || hasEnded(pod)).map((pod) => `${nameOf(pod)} is still there`),
  ];
}

/** Names of the pods that a service leads to. */
export const readyEndpoints = (world: World, service: string): string[] =>
  world.history
    .objects('endpointslices')
    .filter(isEndpointSlice)
    .filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === service)
    .flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready))
    .map(({ targetRef }) => targetRef?.name ?? '');

/** A scenario of these: with the default times, or with those chosen, by turns. */
export const onMachines = (
  play: (world: World) => Promise<void>,
  times: readonly Partial<ClusterConfig>[] = [{}],
): Scenario =>
  Object.assign(({ world }: { readonly world: World }) => play(world), {
    setup: (seed: number) => setupOf(times[seed % times.length] ?? {}),
  });
