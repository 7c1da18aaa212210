import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { scenarios } from './scenarios/all.ts';
import { play } from './scenarios/scenario.ts';

it.each(Object.entries(scenarios))('%s has the same history in another process', async (name, scenario) => {
  const seed = 4711;
  const here = await play(scenario, seed);
  const { stdout } = await promisify(execFile)(process.execPath, ['test/sim/replay.ts', name, String(seed)]);
  expect(JSON.parse(stdout)).toEqual(here);
});

it('another seed has another history', async () => {
  const { chaos } = scenarios;
  if (!chaos) throw new Error('chaos is a scenario');
  expect((await play(chaos, 1)).digest).not.toBe((await play(chaos, 2)).digest);
});
