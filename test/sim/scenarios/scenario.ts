import type { Random } from '#base/random.ts';
import { type DaemonCheck, daemonPromises } from '../checks/daemons.ts';
import { endpointsLead, liveNodesStay } from '../checks/machines.ts';
import { oneBinding, withinCapacity } from '../checks/placement.ts';
import { type RolloutCheck, rolloutPromises } from '../checks/rollout.ts';
import { statefulOrder } from '../checks/stateful-order.ts';
import { createWorld, type World, type WorldOptions } from '../world/world.ts';
import type { AppOptions } from './users.ts';

export interface Size {
  readonly machines: number;
  readonly apps: number;
  readonly podsPerAppMin: number;
  readonly podsPerAppMax: number;
}

/** What the issue asks for: 50 nodes and 500 pods of several deployments. */
export const fullSize: Size = { machines: 50, apps: 5, podsPerAppMin: 100, podsPerAppMax: 100 };

export interface Stage {
  readonly world: World;
  readonly rollouts: RolloutCheck;
  readonly daemons: DaemonCheck;
  readonly size: Size;
}

export interface Outcome {
  readonly digest: string;
  readonly changes: number;
  readonly virtualMs: number;
  readonly promisesCompared: number;
}

export interface Scenario {
  (stage: Stage): Promise<void>;
  /** @default slowHeartbeats */
  readonly setup?: (seed: number) => Setup;
}

/** What is particular about a scenario's world. */
export type Setup = Pick<WorldOptions, 'settings' | 'agents' | 'cluster' | 'skew'>;

/** As Kubernetes: machines are not what these scenarios are about, and each heartbeat costs time. */
const slowHeartbeats: Setup = {
  settings: { nodes: { graceMs: 40_000 } },
  agents: { leaseRenewMs: 10_000, fenceSeconds: 40 },
};

/** Runs one scenario in a world of its own, and says what came of it; throws with the seed when something was wrong. */
export async function play(scenario: Scenario, seed: number, size?: Size): Promise<Outcome> {
  const rollouts = rolloutPromises();
  const daemons = daemonPromises();
  const order = statefulOrder();
  // Where every fifth request fails, what is written late says nothing.
  const machines = [liveNodesStay(() => world), ...(scenario.setup ? [endpointsLead(() => world)] : [])];
  const world: World = await createWorld({
    seed,
    checks: () => [oneBinding(), withinCapacity(), rollouts, daemons, order, ...machines],
    ...(scenario.setup?.(seed) ?? slowHeartbeats),
  });
  const startMs = world.clock.now();
  try {
    await scenario({ world, rollouts, daemons, size: size ?? smallSize(world.random) });
    const { changes } = world.history;
    return {
      digest: world.history.digest(),
      changes,
      virtualMs: world.clock.now() - startMs,
      promisesCompared: rollouts.compared + daemons.compared + order.compared,
    };
  } finally {
    await world.close();
  }
}

/** Small worlds find most of what large ones do, and a thousand of them fit in the time of one. */
const smallSize = (random: Random): Size => ({
  machines: between(random, 3, 5),
  apps: between(random, 1, 2),
  podsPerAppMin: 3,
  podsPerAppMax: 5,
});

export const between = (random: Random, min: number, max: number): number =>
  min + Math.floor(random.next() * (max - min + 1));

export function drawApp(random: Random, size: Size): AppOptions {
  const replicas = between(random, size.podsPerAppMin, size.podsPerAppMax);
  const maxUnavailable = between(random, 0, 1);
  const maxSurge = between(random, maxUnavailable === 0 ? 1 : 0, 2);
  const strategy = random.next() < 0.2 ? 'Recreate' : 'RollingUpdate';
  return { strategy, replicas, maxSurge, maxUnavailable, cpuMilli: between(random, 1, 8) * 25, lostNodeSeconds: 20 };
}
