import type { CoreV1Event, V1Deployment, V1Pod, V1StatefulSet } from '#api/generated/types.ts';
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

/** An ordered rollout does not pass a pod that is not ready, not even one with a template that has been corrected since. */
export function statefulSetProblems(set: V1StatefulSet, pods: readonly PodView[], nowMs: number): Problem[] {
  const { spec, status } = set;
  const found = workloadProblems(status?.conditions ?? [], pods, nowMs);
  const isStuck = ({ metadata, status: { conditions = [] } = {} }: V1Pod): boolean =>
    metadata?.deletionTimestamp === undefined &&
    metadata?.labels?.['controller-revision-hash'] !== status?.updateRevision &&
    !conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  const stuck = spec?.podManagementPolicy === 'Parallel' ? undefined : pods.find(({ pod }) => isStuck(pod))?.pod;
  if (!stuck || !status?.updateRevision || spec?.updateStrategy?.type === 'OnDelete') return found;
  const { name, namespace } = stuck.metadata ?? {};
  const what = `its rollout waits for ${name}, which has an older template and is not ready`;
  const advice = `If the template is right now, delete that pod, and it is made anew: berth delete pod ${name} -n ${namespace}`;
  return [{ what, advice }, ...found];
}
