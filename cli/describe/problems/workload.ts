import type { CoreV1Event, V1Deployment, V1Pod } from '#api/generated/types.ts';
import { podProblems } from './pod.ts';
import type { Problem } from './problem.ts';

export interface PodView {
  readonly pod: V1Pod;
  /** Of this pod, oldest first. */
  readonly events: readonly CoreV1Event[];
}

/** Of something that keeps pods: what is wrong with it, else with the first of its pods that is not well. */
export function workloadProblems(
  conditions: readonly { type: string; status: string; reason?: string | undefined; message?: string | undefined }[],
  pods: readonly PodView[],
  nowMs: number,
): Problem[] {
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure) {
    return [
      {
        what: `its pods cannot be made: ${failure.message ?? failure.reason ?? ''}`,
        advice: 'Correct the pod template and apply again',
      },
    ];
  }
  const sick = pods
    .map(({ pod, events }) => ({ pod, problems: podProblems(pod, events, nowMs) }))
    .filter(({ problems }) => problems.length > 0);
  const [first] = sick;
  if (!first) return [];
  const count = pods.length === 1 ? 'its pod' : `${sick.length} of its ${pods.length} pods`;
  const verb = pods.length === 1 || sick.length === 1 ? 'is' : 'are';
  return first.problems.map(({ what, advice }) => ({
    what: `${count} ${verb} not well; ${first.pod.metadata?.name}: ${what}`,
    advice,
  }));
}

export function deploymentProblems(deployment: V1Deployment, pods: readonly PodView[], nowMs: number): Problem[] {
  const conditions = deployment.status?.conditions ?? [];
  const found = workloadProblems(conditions, pods, nowMs);
  if (found.length > 0) return found;
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  if (progressing?.reason !== 'ProgressDeadlineExceeded') return [];
  return [
    {
      what: `its rollout has made no progress for ${deployment.spec?.progressDeadlineSeconds ?? 600} seconds`,
      advice: `Look at its pods with: berth describe pods; go back with: berth rollout undo deployment/${deployment.metadata?.name}`,
    },
  ];
}
