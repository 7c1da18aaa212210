import { nameOf } from '../world/views.ts';
import { nodesOf, onMachines, podsOf, startMachines, unwell } from './machines.ts';
import { between } from './scenario.ts';

/** The server is cut off from most machines at once, whose pods run on: nothing is moved, and afterwards all is as it was. */
export const mostAreGone = onMachines(async (world) => {
  const { random } = world;
  const count = between(random, 3, 6);
  const load = await startMachines(world, count);
  const before = podsOf(world).map(({ metadata }) => metadata?.uid);
  const far = world.machines.slice(0, between(random, Math.floor(count / 2) + 1, count));
  for (const machine of far) machine.cutOff('both');
  await world.pass(between(random, 3_000, 30_000));
  const moved = () => {
    const now = new Set(
      podsOf(world)
        .filter(({ metadata }) => !metadata?.deletionTimestamp)
        .map(({ metadata }) => metadata?.uid),
    );
    return before.some((uid) => !now.has(uid));
  };
  if (moved()) world.history.violate('most machines are gone, and pods were moved');
  for (const machine of far) machine.cutOff('none');
  await world.converge('all is as it was', () => unwell(world, load), 30_000);
  if (moved()) world.history.violate(`pods were moved; nodes: ${nodesOf(world).map(nameOf)}`);
  await world.pass(0);
});
