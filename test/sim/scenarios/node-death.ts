import { startApps } from './converge.ts';
import { pending } from './pending.ts';
import { between, type Scenario } from './scenario.ts';
import { removeDeadNodes } from './users.ts';

/** A machine loses power: its pods come up on the others. */
export const nodeDeath: Scenario = async (stage) => {
  const { world } = stage;
  await startApps(stage);
  const victim = world.machines[between(world.random, 0, world.machines.length - 1)];
  await world.pass(between(world.random, 0, 15_000));
  await victim?.die();
  await world.converge(`the pods of ${victim?.name} run elsewhere`, () => pending(world), 300_000);
  await removeDeadNodes(world);
  await world.converge(`nothing is left of ${victim?.name}`, () => pending(world), 300_000);
};
