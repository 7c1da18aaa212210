import { pending } from './pending.ts';
import { drawApp, type Scenario, type Stage } from './scenario.ts';
import { type AppOptions, createApp } from './users.ts';

/** Several deployments on a new cluster: everything runs, and goes on running. */
export const converge: Scenario = async (stage) => {
  await startApps(stage);
  await stage.world.pass(30_000);
};

/** The cluster of the other scenarios: machines, apps, all of them whole. */
export async function startApps({ world, size, rollouts }: Stage): Promise<ReadonlyMap<string, AppOptions>> {
  world.addMachines(size.machines);
  const apps = new Map<string, AppOptions>();
  for (let index = 0; index < size.apps; index += 1) {
    const name = `app-${index}`;
    const options = drawApp(world.random, size);
    apps.set(name, options);
    await createApp(world, name, options);
  }
  await world.converge('all deployments run', () => pending(world), 300_000);
  for (const [name, promised] of apps) rollouts.hold(name, promised);
  return apps;
}
