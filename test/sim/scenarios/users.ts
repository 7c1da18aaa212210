import type { V1Deployment } from '#api/generated/types.ts';
import { deployments, nodes, services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { World } from '../world/world.ts';

export interface AppOptions {
  readonly strategy: 'RollingUpdate' | 'Recreate';
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** Thousandths of a core that each pod asks for. */
  readonly cpuMilli: number;
  /** How long a pod stays on a node that is lost; absent: what the cluster gives. */
  readonly lostNodeSeconds?: number;
}

const lostTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** A deployment and the service before it. */
export async function createApp(world: World, name: string, options: AppOptions, namespace = 'default'): Promise<void> {
  const { strategy: type, replicas, maxSurge, maxUnavailable, cpuMilli, lostNodeSeconds } = options;
  await settled(
    world,
    world.user.create(deployments, {
      metadata: { name, namespace },
      spec: {
        replicas,
        strategy: type === 'Recreate' ? { type } : { type, rollingUpdate: { maxSurge, maxUnavailable } },
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            terminationGracePeriodSeconds: 5,
            ...(lostNodeSeconds !== undefined && {
              tolerations: lostTaints.map((key) => ({
                key,
                operator: 'Exists',
                effect: 'NoExecute',
                tolerationSeconds: lostNodeSeconds,
              })),
            }),
            containers: [
              { name: 'main', image: 'registry.example/app:1', resources: { requests: { cpu: `${cpuMilli}m` } } },
            ],
          },
        },
      },
    }),
  );
  const spec = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] };
  await settled(world, world.user.create(services, { metadata: { name, namespace }, spec }));
}

/** Changes a deployment as `kubectl edit` does: again, when somebody else was quicker. */
export async function changeApp(
  world: World,
  name: string,
  change: (spec: NonNullable<V1Deployment['spec']>) => NonNullable<V1Deployment['spec']>,
): Promise<void> {
  const key = { namespace: 'default', name };
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      const current: Stored<V1Deployment> = await settled(world, world.user.get(deployments, key));
      if (!current.spec) throw new Error(`${name} has no spec`);
      await settled(world, world.user.update(deployments, { ...current, spec: change(current.spec) }));
      return;
    } catch {
      await world.pass(200);
    }
  }
  throw new Error(`deployment ${name} could not be changed`);
}

export const setImage = (world: World, name: string, image: string): Promise<void> =>
  changeApp(world, name, (spec) => {
    const containers = (spec.template.spec?.containers ?? []).map((container) => ({ ...container, image }));
    return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } };
  });

export const scaleApp = (world: World, name: string, replicas: number): Promise<void> =>
  changeApp(world, name, (spec) => ({ ...spec, replicas }));

/** What an operator does about machines that will not come back: only then are their pods known to have stopped. */
export async function removeDeadNodes(world: World): Promise<void> {
  for (const { name, alive } of world.machines) {
    if (!alive) await settled(world, world.user.delete(nodes, { name }));
  }
}

/** A request of the user's, with the time that it needs. */
export async function settled<T>(world: World, request: Promise<T>): Promise<T> {
  let ended = false;
  const watched = request.finally(() => {
    ended = true;
  });
  watched.catch(() => {});
  await world.clock.runUntil(() => ended, 60_000);
  return watched;
}
