import type { ContainerConfig, LinuxResources, Mount } from '../runtime/runtime.ts';
import { expandReferences } from './expand.ts';
import { annotations, labels } from './identity.ts';
import type { ImageUser } from './memory.ts';
import { type ApiPod, containerHash, type PodContainer, specOf } from './pod-model.ts';
import {
  amountsOf,
  cpuPeriodUs,
  cpuQuotaUs,
  cpuShares,
  milliOf,
  oomScoreAdj,
  qosClassOf,
  unitsOf,
} from './resources.ts';
import { containerSecurity } from './security.ts';

export interface ContainerInput {
  readonly pod: ApiPod;
  readonly container: PodContainer;
  readonly attempt: number;
  readonly backOffMs: number;
  /** As the runtime resolved it. */
  readonly image: string;
  readonly imageUser: ImageUser;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly terminationLog: string;
  readonly memoryCapacityBytes: number;
  readonly unifiedCgroups: boolean;
  readonly seccompFolder: string;
}

export const terminationPathDefault = '/dev/termination-log';

/** Pure: what the runtime is asked to make a container from. Throws a ContainerConfigError. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, attempt, environment } = input;
  const { spec } = input.container;
  const expand = (text: string): string => expandReferences(text, (name) => environment.get(name));
  const identity = { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', uid: pod.metadata.uid };
  return {
    name: spec.name,
    attempt,
    image: input.image,
    command: (spec.command ?? []).map(expand),
    args: (spec.args ?? []).map(expand),
    workingDir: spec.workingDir ?? '',
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: input.mounts,
    devices: [],
    labels: {
      [labels.podName]: identity.name,
      [labels.podNamespace]: identity.namespace,
      [labels.podUid]: identity.uid,
      [labels.containerName]: spec.name,
    },
    annotations: {
      [annotations.hash]: containerHash(spec),
      [annotations.restartCount]: String(attempt),
      [annotations.terminationMessagePath]: spec.terminationMessagePath ?? terminationPathDefault,
      [annotations.terminationMessagePolicy]: spec.terminationMessagePolicy ?? 'File',
      [annotations.gracePeriod]: String(specOf(pod).terminationGracePeriodSeconds ?? 30),
      [annotations.backOffMs]: String(input.backOffMs),
      [annotations.image]: spec.image ?? '',
      [annotations.terminationLog]: input.terminationLog,
    },
    logPath: `${spec.name}/${attempt}.log`,
    stdin: spec.stdin === true,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty === true,
    resources: containerResources(input),
    security: containerSecurity(pod, spec, input.imageUser, input.seccompFolder),
    stopSignal: spec.lifecycle?.stopSignal,
  };
}

/** Requests become shares, limits become quota and memory; an amount that is not asked for binds nothing. */
export function containerResources({
  pod,
  container,
  memoryCapacityBytes,
  unifiedCgroups,
}: ContainerInput): LinuxResources {
  const { spec } = container;
  const limits = amountsOf(spec.resources?.limits);
  const requests = amountsOf(spec.resources?.requests);
  const cpuLimit = milliOf(limits, 'cpu');
  return {
    cpuShares: cpuShares(requests.has('cpu') ? milliOf(requests, 'cpu') : cpuLimit),
    cpuQuota: cpuQuotaUs(cpuLimit),
    cpuPeriod: cpuPeriodUs,
    memoryLimitBytes: unitsOf(limits, 'memory'),
    oomScoreAdj: oomScoreAdj(qosClassOf(pod), spec, memoryCapacityBytes),
    oomKillsAll: unifiedCgroups,
  };
}
