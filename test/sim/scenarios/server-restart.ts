import { startApps } from './converge.ts';
import { pending } from './pending.ts';
import { between, type Scenario } from './scenario.ts';
import { setImage } from './users.ts';

/** The server is killed in the middle of a rollout, perhaps more than once, and goes on where it stopped. */
export const serverRestart: Scenario = async (stage) => {
  const { world } = stage;
  const apps = await startApps(stage);
  for (const app of apps.keys()) await setImage(world, app, 'registry.example/app:2');
  for (let crash = between(world.random, 1, 4); crash > 0; crash -= 1) {
    // A rollout of a few pods takes a second or two of virtual time: crashes come at every point of it.
    await world.pass(between(world.random, 0, 600));
    await world.crashServer();
    await world.pass(between(world.random, 0, 8_000));
    await world.startServer();
  }
  await world.converge('the rollout ends', () => pending(world), 300_000);
};
