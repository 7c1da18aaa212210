import type {
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ReplicaSet,
  V1StatefulSet,
} from '#api/generated/types.ts';
import { annotationLines, controllerLines, headLines, indent, labelLines, longTime } from './lines.ts';
import { formatSelector } from './scheduling.ts';
import { templateLines } from './template.ts';

/** `sets`: all ReplicaSets that belong to it. */
export function deploymentLines(deployment: V1Deployment, sets: readonly V1ReplicaSet[]): string[] {
  const { metadata, spec, status } = deployment;
  const rolling = spec?.strategy?.rollingUpdate;
  return [
    ...headLines(metadata),
    `CreationTimestamp:\t${longTime(metadata?.creationTimestamp)}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Selector:\t${formatSelector(spec?.selector)}`,
    `Replicas:\t${spec?.replicas ?? 1} desired | ${status?.updatedReplicas ?? 0} updated | ${status?.replicas ?? 0} total | ${status?.availableReplicas ?? 0} available | ${status?.unavailableReplicas ?? 0} unavailable`,
    `StrategyType:\t${spec?.strategy?.type ?? ''}`,
    `MinReadySeconds:\t${spec?.minReadySeconds ?? 0}`,
    ...(rolling
      ? [`RollingUpdateStrategy:\t${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`]
      : []),
    ...templateLines(spec?.template),
    ...conditionLines(status?.conditions),
    ...setLines(deployment, sets),
  ];
}

/** The new one is that with the deployment's own revision. */
function setLines({ metadata }: V1Deployment, sets: readonly V1ReplicaSet[]): string[] {
  const revision = 'deployment.kubernetes.io/revision';
  const current = metadata?.annotations?.[revision];
  const isNew = (set: V1ReplicaSet): boolean => set.metadata?.annotations?.[revision] === current;
  const format = (list: readonly V1ReplicaSet[]): string =>
    list
      .map((set) => `${set.metadata?.name} (${set.status?.replicas ?? 0}/${set.spec?.replicas ?? 1} replicas created)`)
      .join(', ') || '<none>';
  return [
    `OldReplicaSets:\t${format(sets.filter((set) => !isNew(set)))}`,
    `NewReplicaSet:\t${format(sets.filter(isNew))}`,
  ];
}

/** `pods`: those that it selects. */
export function replicaSetLines({ metadata, spec, status }: V1ReplicaSet, pods: readonly V1Pod[]): string[] {
  return [
    ...headLines(metadata),
    `Selector:\t${formatSelector(spec?.selector)}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    ...controllerLines(metadata),
    `Replicas:\t${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`,
    podsStatus(pods),
    ...templateLines(spec?.template),
    ...conditionLines(status?.conditions),
  ];
}

export function statefulSetLines({ metadata, spec, status }: V1StatefulSet, pods: readonly V1Pod[]): string[] {
  const partition = spec?.updateStrategy?.rollingUpdate?.partition;
  return [
    ...headLines(metadata),
    `CreationTimestamp:\t${longTime(metadata?.creationTimestamp)}`,
    `Selector:\t${formatSelector(spec?.selector)}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Replicas:\t${spec?.replicas ?? 1} desired | ${status?.replicas ?? 0} total`,
    `Update Strategy:\t${spec?.updateStrategy?.type ?? ''}`,
    ...(partition === undefined ? [] : [`  Partition:\t${partition}`]),
    podsStatus(pods),
    ...templateLines(spec?.template),
    ...claimTemplateLines(spec?.volumeClaimTemplates),
    ...conditionLines(status?.conditions),
  ];
}

function claimTemplateLines(templates: readonly V1PersistentVolumeClaim[] = []): string[] {
  if (templates.length === 0) return ['Volume Claims:\t<none>'];
  const lines = templates.flatMap(({ metadata, spec }) => [
    `Name:\t${metadata?.name ?? ''}`,
    `StorageClass:\t${spec?.storageClassName ?? ''}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Capacity:\t${spec?.resources?.requests?.storage ?? '<default>'}`,
    `Access Modes:\t[${(spec?.accessModes ?? []).join(' ')}]`,
  ]);
  return ['Volume Claims:', ...indent(lines)];
}

export function daemonSetLines({ metadata, spec, status }: V1DaemonSet, pods: readonly V1Pod[]): string[] {
  return [
    ...headLines(metadata),
    `Selector:\t${formatSelector(spec?.selector)}`,
    ...labelLines('Node-Selector', spec?.template.spec?.nodeSelector),
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`,
    `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`,
    `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`,
    podsStatus(pods),
    ...templateLines(spec?.template),
  ];
}

export function jobLines({ metadata, spec, status }: V1Job): string[] {
  const { active = 0, ready = 0, succeeded = 0, failed = 0 } = status ?? {};
  return [
    ...headLines(metadata),
    `Selector:\t${formatSelector(spec?.selector)}`,
    ...labelLines('Labels', metadata?.labels),
    ...annotationLines('Annotations', metadata?.annotations),
    ...controllerLines(metadata),
    `Parallelism:\t${spec?.parallelism ?? 1}`,
    `Completions:\t${spec?.completions ?? '<unset>'}`,
    `Completion Mode:\t${spec?.completionMode ?? 'NonIndexed'}`,
    `Suspend:\t${spec?.suspend ?? false}`,
    `Backoff Limit:\t${spec?.backoffLimit ?? 6}`,
    ...(status?.startTime ? [`Start Time:\t${longTime(status.startTime)}`] : []),
    ...(status?.completionTime ? [`Completed At:\t${longTime(status.completionTime)}`] : []),
    `Pods Statuses:\t${active} Active (${ready} Ready) / ${succeeded} Succeeded / ${failed} Failed`,
    ...templateLines(spec?.template),
  ];
}

function podsStatus(pods: readonly V1Pod[]): string {
  const count = (phase: string): number => pods.filter(({ status }) => status?.phase === phase).length;
  return `Pods Status:\t${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
}

const conditionLines = (conditions: readonly Condition[] | undefined): string[] =>
  conditions?.length
    ? [
        'Conditions:',
        ...indent([
          'Type\tStatus\tReason',
          '----\t------\t------',
          ...conditions.map(({ type, status, reason }) => `${type} \t${status}\t${reason ?? ''}`),
        ]),
      ]
    : [];
