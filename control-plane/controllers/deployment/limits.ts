import type { V1Deployment } from '#api/generated/types.ts';
import { resolveIntOrPercent } from '../shared/percent.ts';

export interface RolloutLimits {
  readonly replicas: number;
  /** How many pods there may be above `replicas`. */
  readonly maxSurge: number;
  /** How many of `replicas` may be missing. */
  readonly maxUnavailable: number;
}

export const isRollingUpdate = (deployment: V1Deployment): boolean =>
  (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

/** Surge rounds up and unavailability down; both being 0 would never get anywhere, so then one may be missing. */
export function rolloutLimits(deployment: V1Deployment): RolloutLimits {
  const replicas = deployment.spec?.replicas ?? 1;
  if (!isRollingUpdate(deployment)) return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const maxSurge = resolveIntOrPercent(rolling?.maxSurge ?? '25%', replicas, 'up');
  const unavailable = resolveIntOrPercent(rolling?.maxUnavailable ?? '25%', replicas, 'down');
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { replicas, maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

/** kube-apiserver stores 2^31-1 where the user said "no deadline". */
export const progressDeadlineMs = (deployment: V1Deployment): number | undefined => {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds >= 2 ** 31 - 1 ? undefined : seconds * 1000;
};
