import { formatTime } from './time.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export const findCondition = <C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type);

/**
 * Puts `wanted` in the place of its type. `lastTransitionTime` moves only when the status does.
 * Returns the same array when nothing changes.
 */
export function withCondition<C extends Condition>(conditions: readonly C[], wanted: C, nowMs: number): readonly C[] {
  const current = findCondition(conditions, wanted.type);
  if (
    current &&
    current.status === wanted.status &&
    current.reason === wanted.reason &&
    current.message === wanted.message
  )
    return conditions;
  const lastTransitionTime =
    current?.status === wanted.status ? (current.lastTransitionTime ?? formatTime(nowMs)) : formatTime(nowMs);
  const next = { ...wanted, lastTransitionTime };
  return current ? conditions.map((one) => (one === current ? next : one)) : [...conditions, next];
}

export const withoutCondition = <C extends Condition>(conditions: readonly C[], type: string): readonly C[] =>
  conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
