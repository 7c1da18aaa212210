import type { Random } from '#base/random.ts';
import { type FaultMix, noFaults } from '#client/testing/faults.ts';
import { startApps } from './converge.ts';
import { pending } from './pending.ts';
import { between, type Scenario, type Stage } from './scenario.ts';
import { removeDeadNodes, scaleApp, setImage } from './users.ts';

/**
 * Requests and watches fail in every way, processes and machines die, and users go on changing things: only safety is checked.
 * Then all of it ends, and the cluster must become whole.
 */
export const chaos: Scenario = async (stage) => {
  const { world } = stage;
  const apps = [...(await startApps(stage)).keys()];
  world.setFaults(drawFaults(world.random));
  for (let round = between(world.random, 4, 10); round > 0; round -= 1) {
    await strike(stage, apps);
    await world.pass(between(world.random, 0, 10_000));
  }
  world.setFaults(noFaults);
  await removeDeadNodes(world);
  await world.converge('the cluster heals', () => pending(world), 900_000);
};

/** Each seed has its own mixture: some faults often, others never. */
export function drawFaults(random: Random): FaultMix {
  const share = (max: number): number => (random.next() < 0.4 ? 0 : random.next() * max);
  return {
    refused: share(0.2),
    answerLost: share(0.15),
    twice: share(0.15),
    delayed: share(0.5),
    delayMaxMs: share(3_000),
    watchCut: share(0.1),
    eventTwice: share(0.3),
  };
}

async function strike(stage: Stage, apps: readonly string[]): Promise<void> {
  const { world, rollouts } = stage;
  const { random } = world;
  const app = apps[between(random, 0, apps.length - 1)] ?? '';
  const machine = world.machines[between(random, 0, world.machines.length - 1)];
  const draw = random.next();
  if (draw < 0.4) await setImage(world, app, `registry.example/app:${between(random, 1, 3)}`);
  else if (draw < 0.55) {
    rollouts.release(app);
    await scaleApp(world, app, between(random, 0, 6));
  } else if (draw < 0.75) {
    await world.crashServer();
    await world.pass(between(random, 0, 6_000));
    await world.startServer();
  } else if (draw < 0.9) await machine?.restartAgent();
  else if (mayDie(world.machines) && machine?.alive) await machine.die();
}

/** Two machines are always left, so that everything can run; were most of them lost, nothing would be evicted, and rightly. */
function mayDie(machines: readonly { readonly alive: boolean }[]): boolean {
  const alive = machines.filter((machine) => machine.alive).length;
  return alive > 2 && machines.length - alive < 2;
}
