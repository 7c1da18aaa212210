import { describe, expect, it } from 'vitest';
import { createLeasePace } from './lease-pace.ts';

/** When attempts go out while nothing answers, and how long each may take. */
function silence(nodes: number, answersMs: readonly number[], count: number): { atMs: number[]; limitsMs: number[] } {
  const pace = createLeasePace(() => nodes);
  for (const answerMs of answersMs) pace.renewed(answerMs);
  const atMs: number[] = [];
  const limitsMs: number[] = [];
  for (let now = 0; atMs.length < count; now += pace.gapMs()) {
    atMs.push(Math.round(now));
    limitsMs.push(pace.limitMs());
    pace.launched();
  }
  return { atMs, limitsMs };
}

describe('the pace of renewals', () => {
  it('tries four connections within the 4 s after which a machine counts as dead', () => {
    expect(silence(3, [20, 30, 20], 4).atMs).toEqual([0, 700, 1610, 2793]);
  });

  it('slows down while nothing answers, and gives each attempt more time', () => {
    const { atMs, limitsMs } = silence(3, [], 20);
    expect((atMs[19] ?? 0) - (atMs[18] ?? 0)).toBe(2_000);
    expect(limitsMs.slice(0, 4)).toEqual([3_000, 3_000, 3_000, 3_000]);
    expect(limitsMs[4]).toBe(10_000);
  });

  it('does not ask a slow server twice for being slow, but keeps to a bound', () => {
    const slow = Array.from({ length: 50 }, () => 400);
    expect(silence(3, slow, 2).atMs[1]).toBe(1_200);
    const slower = Array.from({ length: 50 }, () => 2_000);
    expect(silence(3, slower, 2).atMs[1]).toBe(1_500);
  });

  it('keeps a thousand nodes together to 200 new connections a second', () => {
    const { atMs } = silence(1_000, [], 20);
    expect((atMs[19] ?? 0) - (atMs[18] ?? 0)).toBe(5_000);
  });

  it('is hasty again after a renewal', () => {
    const pace = createLeasePace(() => 3);
    for (let attempt = 0; attempt < 10; attempt++) pace.launched();
    pace.renewed(20);
    pace.launched();
    expect({ gapMs: pace.gapMs(), limitMs: pace.limitMs() }).toEqual({ gapMs: 700, limitMs: 3_000 });
  });
});
