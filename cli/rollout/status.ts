import type { V1DaemonSet, V1Deployment, V1StatefulSet } from '#api/generated/types.ts';
import { CliError } from '../command.ts';
import type { Workload } from './workload.ts';

/** Where a rollout stands, in kubectl's words. */
export interface RolloutStatus {
  readonly message: string;
  readonly done: boolean;
}

export const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** Throws a CliError when the rollout has failed, or is of another revision than the one that is asked for (0: any). */
export function rolloutStatus(workload: Workload, revision: number): RolloutStatus {
  switch (workload.kind) {
    case 'Deployment':
      return deploymentStatus(workload.object, revision);
    case 'DaemonSet':
      return daemonSetStatus(workload.object);
    case 'StatefulSet':
      return statefulSetStatus(workload.object);
  }
}

function deploymentStatus({ metadata, spec, status = {} }: V1Deployment, revision: number): RolloutStatus {
  const name = JSON.stringify(metadata?.name ?? '');
  const running = Number(metadata?.annotations?.[revisionAnnotation] ?? 0);
  if (revision > 0 && revision !== running) {
    throw new CliError(`desired revision (${revision}) is different from the running revision (${running})`);
  }
  if ((metadata?.generation ?? 0) > (status.observedGeneration ?? 0)) {
    return waiting('Waiting for deployment spec update to be observed...');
  }
  const progressing = status.conditions?.find((condition) => condition.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new CliError(`deployment ${name} exceeded its progress deadline`, {
      fix: `See why with: berth describe deployment/${metadata?.name}`,
    });
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  const start = `Waiting for deployment ${name} rollout to finish:`;
  if (updatedReplicas < wanted) {
    return waiting(`${start} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas) {
    return waiting(`${start} ${replicas - updatedReplicas} old replicas are pending termination...`);
  }
  if (availableReplicas < updatedReplicas) {
    return waiting(`${start} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return done(`deployment ${name} successfully rolled out`);
}

function daemonSetStatus({ metadata, spec, status }: V1DaemonSet): RolloutStatus {
  const name = JSON.stringify(metadata?.name ?? '');
  requireRollingUpdate(spec?.updateStrategy?.type);
  if ((metadata?.generation ?? 0) > (status?.observedGeneration ?? 0)) {
    return waiting('Waiting for daemon set spec update to be observed...');
  }
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const start = `Waiting for daemon set ${name} rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled) {
    return waiting(`${start} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  }
  if (numberAvailable < desiredNumberScheduled) {
    return waiting(`${start} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  }
  return done(`daemon set ${name} successfully rolled out`);
}

function statefulSetStatus({ metadata, spec, status }: V1StatefulSet): RolloutStatus {
  requireRollingUpdate(spec?.updateStrategy?.type);
  const observed = status?.observedGeneration ?? 0;
  if (observed === 0 || (metadata?.generation ?? 0) > observed) {
    return waiting('Waiting for statefulset spec update to be observed...');
  }
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0, updateRevision, currentRevision } = status ?? {};
  const wanted = spec?.replicas ?? 1;
  if (readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    const expected = wanted - partition;
    return updatedReplicas < expected
      ? waiting(
          `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${expected} new pods have been updated...`,
        )
      : done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (updateRevision !== currentRevision) {
    return waiting(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`,
    );
  }
  return done(`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`);
}

function requireRollingUpdate(type: string | undefined): void {
  if ((type ?? 'RollingUpdate') === 'RollingUpdate') return;
  throw new CliError('rollout status is only available for RollingUpdate strategy type');
}

const waiting = (message: string): RolloutStatus => ({ message, done: false });
const done = (message: string): RolloutStatus => ({ message, done: true });
