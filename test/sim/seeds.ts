import { describe, expect, it } from 'vitest';
import { scenarios } from './scenarios/all.ts';
import { play, type Size } from './scenarios/scenario.ts';

export interface SeedPlan {
  /** Small worlds, one per seed from 1 on. */
  readonly seeds: number;
  /** Every so many seeds, the run is repeated and must give the same history, byte for byte. */
  readonly repeatEvery: number;
  /** Seeds that are played at this size too. */
  readonly large?: { readonly size: Size; readonly seeds: number } | undefined;
}

/** Per test: small enough that the seed that hangs is soon known. */
const seedsPerTest = 25;

/** `SEED=35 vitest run --project sim chaos` plays that seed alone, twice. */
export function describeSeeds(name: string, plan: SeedPlan): void {
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`there is no scenario ${name}`);
  const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

  const check = async (seed: number, repeat: boolean, size?: Size): Promise<void> => {
    const first = await play(scenario, seed, size);
    if (repeat) expect(await play(scenario, seed, size), `seed ${seed} has two histories`).toEqual(first);
  };

  describe(name, () => {
    if (only !== undefined) {
      it(`seed ${only}`, () => check(only, true));
      return;
    }
    for (let first = 1; first <= plan.seeds; first += seedsPerTest) {
      const last = Math.min(first + seedsPerTest - 1, plan.seeds);
      it(`seeds ${first} to ${last}`, async () => {
        for (let seed = first; seed <= last; seed += 1) await check(seed, seed % plan.repeatEvery === 0);
      });
    }
    const { large } = plan;
    if (large) {
      it(`${large.size.machines} nodes, seeds 1 to ${large.seeds}`, async () => {
        for (let seed = 1; seed <= large.seeds; seed += 1) await check(seed, false, large.size);
      });
    }
  });
}
