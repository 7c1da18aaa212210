import { resolveIntOrPercent } from '../shared/percent.ts';
import type { DaemonSet } from './pod.ts';

export interface Limits {
  readonly rolling: boolean;
  readonly minReadySeconds: number;
  /** On how many nodes the pod may be missing during a rollout. */
  readonly maxUnavailable: number;
  /** On how many nodes there may be a new pod beside the old one; 0: the old one goes first. */
  readonly maxSurge: number;
}

/** Shares are of the nodes that want a pod, and both round up. */
export function limitsOf({ spec }: DaemonSet, desired: number): Limits {
  const rolling = (spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const { maxSurge, maxUnavailable } = (rolling && spec?.updateStrategy?.rollingUpdate) || {};
  const surge = resolveIntOrPercent(maxSurge ?? 0, desired, 'up');
  const unavailable = resolveIntOrPercent(maxUnavailable ?? (surge > 0 ? 0 : 1), desired, 'up');
  return {
    rolling,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable,
    maxSurge: surge,
  };
}
