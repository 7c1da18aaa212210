import { resolveIntOrPercent } from '../shared/percent.ts';
import type { StatefulSet } from './identity.ts';

export interface Limits {
  readonly replicas: number;
  /** The first ordinal. */
  readonly start: number;
  readonly minReadySeconds: number;
  /** One pod at a time, in order, each waiting for the one before. */
  readonly ordered: boolean;
  readonly rolling: boolean;
  /** So many of the first ordinals keep the current revision. */
  readonly partition: number;
  /** How many pods a rollout may take away at once. */
  readonly maxUnavailable: number;
}

export function limitsOf({ spec }: StatefulSet): Limits {
  const replicas = spec?.replicas ?? 1;
  const rolling = spec?.updateStrategy?.rollingUpdate;
  return {
    replicas,
    start: spec?.ordinals?.start ?? 0,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    ordered: spec?.podManagementPolicy !== 'Parallel',
    rolling: (spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate',
    partition: rolling?.partition ?? 0,
    // A small share of few replicas rounds down to nothing, and a rollout would never end.
    maxUnavailable: Math.max(1, resolveIntOrPercent(rolling?.maxUnavailable ?? 1, replicas, 'down')),
  };
}
