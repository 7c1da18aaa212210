/** No pod is stopped while a live machine still leads connections to it, whatever fails; and none waits for ever. */
import { describe, expect, it } from 'vitest';
import { asksForWithdrawal, isWithdrawn } from '#api/withdrawal.ts';
import { noFaults } from '#client/testing/faults.ts';
import { drawFaults } from './scenarios/chaos.ts';
import { pending } from './scenarios/pending.ts';
import { between } from './scenarios/scenario.ts';
import { createApp, setImage } from './scenarios/users.ts';
import { createRoutes } from './world/routes.ts';
import { isGoing, isNode, isPod, isTrue, nameOf } from './world/views.ts';
import { createWorld, type World } from './world/world.ts';

const seeds = 40;
const seedsPerTest = 20;
const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED);
/** Half of the 5 s of grace that these pods have is the most that one waits; machines' clocks show whole milliseconds. */
const waitMaxMs = 2_499;

interface Tally {
  stops: number;
  /** Of pods that were led to by a machine when they were deleted. */
  early: string[];
  waitedMs: number;
}

async function play(seed: number, acknowledges: boolean, act: (world: World) => Promise<void>): Promise<Tally> {
  const tally: Tally = { stops: 0, early: [], waitedMs: 0 };
  const routes = createRoutes();
  const goingSince = new Map<string, number>();
  const stopped = new Set<string>();
  const world = await createWorld({
    seed,
    agents: { withdrawal: acknowledges },
    checks: (now) => [
      {
        name: 'deletions',
        onChange({ object }) {
          if (isPod(object) && (isGoing(object) || asksForWithdrawal(object))) {
            const uid = object.metadata?.uid ?? '';
            if (!goingSince.has(uid)) goingSince.set(uid, now());
          }
          return undefined;
        },
      },
    ],
    attendant: {
      run: routes.run,
      onStop(machine, { uid }) {
        const pod = world.history
          .objects('pods')
          .filter(isPod)
          .find(({ metadata }) => metadata?.uid === uid);
        const since = goingSince.get(uid);
        const address = pod?.status?.podIP;
        // Gone already, or stopped for another reason: nobody promised anything.
        if (!pod || since === undefined || address === undefined || stopped.has(uid)) return;
        stopped.add(uid);
        tally.stops += 1;
        const waitedMs = world.clock.now() - since;
        tally.waitedMs = Math.max(tally.waitedMs, waitedMs);
        const leading = routes.leadingTo(address).filter((name) => isLive(world, name));
        const mattered = isTrue(pod, 'Ready') || asksForWithdrawal(pod) || isWithdrawn(pod);
        if (leading.length === 0 || waitedMs >= waitMaxMs || !mattered) return;
        tally.early.push(`${nameOf(pod)} on ${machine} stopped after ${waitedMs} ms; ${leading.join(', ')} lead to it`);
      },
    },
  });
  try {
    await act(world);
    return tally;
  } finally {
    await world.close();
  }
}

/** A machine that runs, whose agent runs and is heard, and that the server believes to be so. */
function isLive(world: World, name: string): boolean {
  const machine = world.machines.find((one) => one.name === name);
  const node = world.history
    .objects('minions')
    .filter(isNode)
    .find((one) => nameOf(one) === name);
  return machine?.wellSinceMs !== undefined && node !== undefined && isTrue(node, 'Ready');
}

async function start(world: World): Promise<void> {
  world.addMachines(between(world.random, 2, 5));
  for (const name of ['one', 'two'])
    await createApp(world, name, {
      strategy: 'RollingUpdate',
      replicas: between(world.random, 2, 6),
      maxSurge: 1,
      maxUnavailable: 1,
      cpuMilli: 50,
      lostNodeSeconds: 20,
    });
  await world.converge('all deployments run', () => pending(world), 300_000);
}

async function rollouts(world: World): Promise<void> {
  await start(world);
  for (let version = 2; version <= 4; version += 1) {
    for (const name of ['one', 'two']) await setImage(world, name, `registry.example/app:${version}`);
    await world.converge('the rollout ends', () => pending(world), 300_000);
  }
}

async function troubledRollouts(world: World): Promise<void> {
  await start(world);
  world.setFaults(drawFaults(world.random));
  for (let round = between(world.random, 3, 6); round > 0; round -= 1) {
    await setImage(
      world,
      world.random.next() < 0.5 ? 'one' : 'two',
      `registry.example/app:${between(world.random, 2, 9)}`,
    );
    await world.pass(between(world.random, 0, 1_500));
    const machine = world.machines[between(world.random, 0, world.machines.length - 1)];
    const draw = world.random.next();
    if (draw < 0.35) {
      await world.crashServer();
      await world.pass(between(world.random, 0, 4_000));
      await world.startServer();
    } else if (draw < 0.7) await machine?.restartAgent();
    else if (draw < 0.85) {
      machine?.pauseAgent();
      await world.pass(between(world.random, 0, 3_000));
      machine?.resumeAgent();
    }
    await world.pass(between(world.random, 0, 10_000));
  }
  world.setFaults(noFaults);
  await world.converge('the cluster heals', () => pending(world), 900_000);
}

/** Machines go down and come back, one after the other, now for long, now for a moment. */
async function reboots(world: World): Promise<void> {
  await start(world);
  for (const machine of world.machines) {
    let off = false;
    const down = machine.shutDown().then(() => {
      off = true;
    });
    for (let waited = 0; !off && waited < 30_000; waited += 100) await world.pass(100);
    expect(off).toBe(true);
    await down;
    await world.pass(between(world.random, 1_000, 40_000));
    machine.boot();
    await world.converge('the cluster heals', () => pending(world), 900_000);
  }
}

const each = (name: string, check: (seed: number) => Promise<void>): void => {
  describe(name, () => {
    if (only !== undefined) {
      it(`seed ${only}`, () => check(only));
      return;
    }
    for (let first = 1; first <= seeds; first += seedsPerTest)
      it(`seeds ${first} to ${first + seedsPerTest - 1}`, async () => {
        for (let seed = first; seed < first + seedsPerTest; seed += 1) await check(seed);
      });
  });
};

each('rolling updates in quiet times', async (seed) => {
  const tally = await play(seed, true, rollouts);
  expect(tally.early, `SEED=${seed}`).toEqual([]);
  expect(tally.stops).toBeGreaterThan(8);
  // Rules that take 400 ms, acknowledged and settled: nobody ran into the bound.
  expect(tally.waitedMs, `SEED=${seed}`).toBeLessThan(waitMaxMs);
});

each('rolling updates while the server, agents and requests fail', async (seed) => {
  const tally = await play(seed, true, troubledRollouts);
  expect(tally.early, `SEED=${seed}`).toEqual([]);
});

each('machines that go down and come back', async (seed) => {
  const tally = await play(seed, true, reboots);
  expect(tally.early, `SEED=${seed}`).toEqual([]);
  expect(tally.stops).toBeGreaterThan(3);
  expect(tally.waitedMs, `SEED=${seed}`).toBeLessThan(waitMaxMs);
});

it('without acknowledgements, pods are stopped while machines lead to them', async () => {
  const tally = await play(1, false, rollouts);
  expect(tally.early.length).toBeGreaterThan(0);
});
