import { isTrue, nameOf } from '../world/views.ts';
import { nodesOf, onMachines, podsOf, readyEndpoints, startMachines, unwell } from './machines.ts';
import { between } from './scenario.ts';

/**
 * A machine loses power: noticed within 5 s, no endpoint leads to it, and within 10 s everything runs elsewhere, what must not run twice
 * too. When it is switched on again it is used again, and nothing of before is left on it.
 */
export const machineDeath = onMachines(async (world) => {
  const { random, clock } = world;
  const load = await startMachines(world, between(random, 2, 5));
  const victim = world.machines[between(random, 0, world.machines.length - 1)];
  if (!victim) throw new Error('there are machines');
  await world.pass(between(random, 0, 5_000));
  const lost = podsOf(world).filter(({ spec }) => spec?.nodeName === victim.name);
  const lostNames = new Set(lost.map(nameOf));
  await victim.die();
  const diedMs = clock.now();
  const node = () => nodesOf(world).find((one) => nameOf(one) === victim.name);
  const led = () => readyEndpoints(world, 'web').filter((name) => lostNames.has(name));
  await world.converge(
    `${victim.name} is known to be lost`,
    () => [
      ...(node() && !isTrue(node() ?? {}, 'Ready') ? [] : ['it is ready']),
      ...led().map((name) => `the service leads to ${name}`),
    ],
    5_000,
  );
  const takenMs = clock.now() - diedMs;
  await world.converge(`what ran on ${victim.name} runs elsewhere`, () => unwell(world, load), 10_000 - takenMs);

  await world.pass(between(random, 0, 20_000));
  victim.boot();
  const back = (): readonly string[] => [
    ...unwell(world, load),
    ...podsOf(world).flatMap((pod) =>
      lost.some(({ metadata }) => metadata?.uid === pod.metadata?.uid) && pod.metadata?.deletionTimestamp
        ? [`${nameOf(pod)} is still going`]
        : [],
    ),
    ...lost.flatMap((pod) => {
      const again = podsOf(world).some(({ metadata }) => metadata?.uid === pod.metadata?.uid);
      const runs = world.containers.runningOn(`default/${nameOf(pod)}/main`).includes(victim.name);
      return runs && !again ? [`${nameOf(pod)} of before runs again`] : [];
    }),
  ];
  await world.converge(`${victim.name} is used again`, back, 10_000);
});
