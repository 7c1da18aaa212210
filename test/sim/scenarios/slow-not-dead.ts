import { goodDisk } from '../world/slow-store.ts';
import { nameOf } from '../world/views.ts';
import type { World } from '../world/world.ts';
import { lossy } from './cut-off.ts';
import { nodesOf, onMachines, podsOf, startMachines, unwell } from './machines.ts';
import { between } from './scenario.ts';

/** Server, disk and network are slow, stop for a while, or begin anew; no machine is dead, and none loses a pod. */
export const slowNotDead = onMachines(async (world) => {
  const { random } = world;
  const load = await startMachines(world, between(random, 2, 5));
  const before = podsOf(world).map(({ metadata }) => metadata?.uid);
  world.setFaults(lossy(random));
  for (let round = between(random, 2, 5); round > 0; round -= 1) {
    await slow(world);
    await world.pass(between(random, 1_000, 8_000));
    for (const node of nodesOf(world)) {
      const taint = node.spec?.taints?.find(({ effect }) => effect === 'NoExecute');
      if (taint) world.history.violate(`${nameOf(node)} is ${taint.key} and lives`);
    }
  }
  world.setDisk(goodDisk);
  world.setFaults({ ...lossy(random), refused: 0, answerLost: 0, twice: 0, delayed: 0 });
  await world.converge('everything runs', () => unwell(world, load), 60_000);
  const after = new Set(podsOf(world).map(({ metadata }) => metadata?.uid));
  if (before.some((uid) => !after.has(uid))) world.history.violate('a pod was replaced, and no machine was lost');
  await world.pass(0);
});

async function slow(world: World): Promise<void> {
  const { random, clock } = world;
  const draw = random.next();
  if (draw < 0.3) {
    world.pauseServer();
    await world.pass(between(random, 0, 15_000));
    world.resumeServer();
  } else if (draw < 0.5) {
    await world.crashServer();
    await world.pass(between(random, 0, 15_000));
    await world.startServer();
  } else if (draw < 0.8) {
    world.setDisk({ latencyMaxMs: between(random, 0, 400), stalledUntilMs: clock.now() + between(random, 0, 12_000) });
  } else {
    await world.machines[between(random, 0, world.machines.length - 1)]?.restartAgent();
  }
}
