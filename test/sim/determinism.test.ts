import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { scenarios } from './scenarios/all.ts';
import { play } from './scenarios/scenario.ts';

/** In a process of its own, so that nothing of an earlier run can help. */
async function playElsewhere(name: string, seed: number): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/sim/replay.ts', name, String(seed)]);
  return JSON.parse(stdout);
}

it.each(Object.keys(scenarios))('%s has one history per seed, whichever process plays it', async (name) => {
  const [first, second] = await Promise.all([playElsewhere(name, 4711), playElsewhere(name, 4711)]);
  expect(first).toMatchObject({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(second).toEqual(first);
});

it('another seed has another history', async () => {
  const { chaos } = scenarios;
  if (!chaos) throw new Error('chaos is a scenario');
  expect((await play(chaos, 1)).digest).not.toBe((await play(chaos, 2)).digest);
});
