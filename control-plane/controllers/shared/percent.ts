import type { IntOrString } from '#api/generated/types.ts';

/** `3`, or `25%` of `total`. What is malformed counts as 0: validation refuses it before it gets here. */
export function resolveIntOrPercent(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const match = /^(\d+)%$/.exec(value);
  if (!match) return 0;
  const exact = (Number(match[1]) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
