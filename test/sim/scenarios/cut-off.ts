import type { Random } from '#base/random.ts';
import { type FaultMix, noFaults } from '#client/testing/faults.ts';
import type { Cut } from '../world/link.ts';
import type { Machine } from '../world/machine.ts';
import { goodDisk } from '../world/slow-store.ts';
import type { World } from '../world/world.ts';
import { onMachines, startMachines, unwell } from './machines.ts';
import { between } from './scenario.ts';

const cuts: readonly Cut[] = ['both', 'both', 'requests', 'answers'];

/**
 * Machines are cut off in every way, and their containers run on; agents are stopped, killed and started again; machines die and come
 * back; the server is stopped, killed, or has a bad disk. Whatever happens, of what must not run twice there are never two. In the
 * end everything runs as it should.
 */
const play = async (world: World): Promise<void> => {
  const { random } = world;
  const load = await startMachines(world, between(random, 2, 4));
  world.setFaults(lossy(random));
  for (let round = between(random, 2, 5); round > 0; round -= 1) {
    await strike(world);
    await world.pass(between(random, 0, 12_000));
  }
  world.setFaults(noFaults);
  world.setDisk(goodDisk);
  world.resumeServer();
  if (world.serverWellSinceMs === undefined) await world.startServer();
  for (const machine of world.machines) {
    machine.cutOff('none');
    machine.resumeAgent();
    machine.boot();
    machine.startAgent();
  }
  await world.converge('everything runs again', () => unwell(world, load), 120_000);
};

/** With an eviction long before the fence, too: then it is the fence alone that keeps a second one from starting. */
const early = { detectSeconds: 2, evictSeconds: 1, fenceSeconds: 10 };
const tight = { detectSeconds: 3, evictSeconds: 1, fenceSeconds: 4 };

export const cutOff = onMachines(play, [{}, early, tight]);

/** What a bad network does to a client: some of it, or none. */
export function lossy(random: Random): FaultMix {
  const share = (max: number): number => (random.next() < 0.5 ? 0 : random.next() * max);
  return {
    ...noFaults,
    refused: share(0.15),
    answerLost: share(0.15),
    twice: share(0.1),
    delayed: share(0.4),
    delayMaxMs: share(500),
  };
}

async function strike(world: World): Promise<void> {
  const { random, clock } = world;
  const machine = world.machines[between(random, 0, world.machines.length - 1)];
  if (!machine) return;
  const draw = random.next();
  if (draw < 0.4) machine.cutOff(machine.wellSinceMs === undefined ? 'none' : (cuts[between(random, 0, 3)] ?? 'both'));
  else if (draw < 0.6) await ofAgent(machine, random.next());
  else if (draw < 0.75) await ofPower(machine);
  else if (draw < 0.9) await ofServer(world);
  else
    world.setDisk({ latencyMaxMs: between(random, 0, 800), stalledUntilMs: clock.now() + between(random, 0, 9_000) });
}

async function ofAgent(machine: Machine, draw: number): Promise<void> {
  if (draw < 0.4) machine.pauseAgent();
  else if (draw < 0.6) machine.resumeAgent();
  else if (draw < 0.8) await machine.restartAgent();
  else if (draw < 0.9) await machine.killAgent();
  else machine.startAgent();
}

async function ofPower(machine: Machine): Promise<void> {
  if (machine.alive) await machine.die();
  else machine.boot();
}

async function ofServer(world: World): Promise<void> {
  const { random } = world;
  if (random.next() < 0.5) {
    world.pauseServer();
    await world.pass(between(random, 0, 12_000));
    world.resumeServer();
    return;
  }
  await world.crashServer();
  await world.pass(between(random, 0, 12_000));
  await world.startServer();
}
