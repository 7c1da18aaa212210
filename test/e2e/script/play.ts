import { expect } from 'vitest';
import { eventually } from '../../harness/eventually.ts';
import { check } from './match.ts';
import { invoke, type Place, type Program } from './program.ts';
import type { Step } from './step.ts';

export const isFor = (step: Step, { flavour }: Program): boolean => step.only?.includes(flavour) ?? true;

/** Plays one step; throws when the program does not do what is expected. */
export async function play(step: Step, program: Program, place: Place): Promise<void> {
  const expected = { ...step, ...step.by?.[program.flavour] };
  const attempt = async (): Promise<void> => {
    const printed = await invoke(program, step, place);
    if (step.fetches !== undefined) expect(printed.fetched).toBe(step.fetches);
    const stopped = step.until !== undefined || step.fetches !== undefined;
    check(
      printed,
      stopped ? { ...expected, code: 'any', has: [...(expected.has ?? []), step.until ?? ''] } : expected,
      place.namespace,
    );
  };
  await (step.repeat ? eventually(attempt, { withinMs: 25_000, everyMs: 200 }) : attempt());
}

/** Plays all steps in order, each whatever became of those before it. A result per step; each settles when its step has been played. */
export function playAll(steps: readonly Step[], program: Program, place: Place): ReadonlyMap<Step, Promise<void>> {
  const results = new Map<Step, Promise<void>>();
  let before: Promise<unknown> = Promise.resolve();
  for (const step of steps.filter((one) => isFor(one, program))) {
    const result = before.then(() => play(step, program, place));
    result.catch(() => undefined); // Its test hears of it, later perhaps.
    before = result.catch(() => undefined);
    results.set(step, result);
  }
  return results;
}
