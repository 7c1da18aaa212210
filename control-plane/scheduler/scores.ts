/** The highest becomes 100, the others in proportion. All 0 stay 0. */
export function normalize(scores: readonly number[]): number[] {
  const highest = Math.max(0, ...scores);
  return scores.map((score) => (highest === 0 ? 0 : Math.floor((100 * score) / highest)));
}

/** 0 becomes 100, the highest 0. All 0 become 100. */
export function normalizeReversed(scores: readonly number[]): number[] {
  const highest = Math.max(0, ...scores);
  return scores.map((score) => (highest === 0 ? 100 : 100 - Math.floor((100 * score) / highest)));
}

/** The lowest becomes 0, the highest 100. All equal become 0. */
export function normalizeRange(scores: readonly number[]): number[] {
  const lowest = Math.min(...scores);
  const range = Math.max(...scores) - lowest;
  return scores.map((score) => (range === 0 ? 0 : Math.floor((100 * (score - lowest)) / range)));
}
