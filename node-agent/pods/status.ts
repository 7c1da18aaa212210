import type { V1ContainerStatus, V1PodStatus } from '#api/generated/types.ts';
import { podConditions } from './conditions.ts';
import { containerStatus, isoSeconds, type StatusInput } from './container-state.ts';
import { newest, readySandbox } from './observed.ts';
import { podOutcome } from './outcome.ts';
import { containersOf, isHostNetwork, isTerminalPhase, type PodContainer } from './pod-model.ts';
import { qosClassOf } from './resources.ts';

/** Pure: the whole status of a pod as the API should show it. Never leaves a phase that is final. */
export function podStatus(input: StatusInput): V1PodStatus {
  const { pod, memory, hostIps } = input;
  const containers = containersOf(pod);
  const pastInit = isPastInit(input, containers);
  const of = (...roles: PodContainer['role'][]): V1ContainerStatus[] =>
    containers
      .filter(({ role }) => roles.includes(role))
      .map((container) => containerStatus(input, container, pastInit));
  const init = of('init', 'sidecar');
  const main = of('main');
  const ephemeral = of('ephemeral');
  const phase = phaseOf(input, containers, main);
  const ips = isHostNetwork(pod)
    ? readySandbox(input.observed) || memory.podIps.length > 0
      ? hostIps
      : []
    : memory.podIps;
  const failure = failureOf(input);
  const conditions = podConditions({ ...input, phase, init, main, pastInit });
  const generation = pod.metadata.generation;
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    phase,
    conditions,
    ...(failure?.message && { message: failure.message }),
    ...(failure?.reason && { reason: failure.reason }),
    ...(hostIps[0] && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(ips[0] && { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: pod.status?.startTime ?? isoSeconds(input.nowMs),
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: main,
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    qosClass: pod.status?.qosClass ?? qosClassOf(pod),
    ...(pod.status?.nominatedNodeName && { nominatedNodeName: pod.status.nominatedNodeName }),
    ...(pod.status?.resourceClaimStatuses && { resourceClaimStatuses: pod.status.resourceClaimStatuses }),
  };
}

function failureOf({
  pod,
  memory,
}: StatusInput): { reason?: string | undefined; message?: string | undefined } | undefined {
  if (memory.failure) return memory.failure;
  return isTerminalPhase(pod.status?.phase) ? { reason: pod.status?.reason, message: pod.status?.message } : undefined;
}

function isPastInit({ observed, memory }: StatusInput, containers: readonly PodContainer[]): boolean {
  if (containers.some(({ role, spec }) => role === 'main' && newest(observed, spec.name))) return true;
  return containers.every(({ role, spec }) => {
    const last = newest(observed, spec.name);
    if (role === 'init') return last?.state === 'exited' && last.exitCode === 0;
    return role !== 'sidecar' || (last?.state === 'running' && memory.probes.get(last.id)?.started === true);
  });
}

function phaseOf(input: StatusInput, containers: readonly PodContainer[], main: readonly V1ContainerStatus[]): string {
  const { pod, observed, memory, ending } = input;
  const before = pod.status?.phase;
  if (before !== undefined && isTerminalPhase(before)) return before;
  const live = observed.containers.some(({ state }) => state === 'running' || state === 'unknown');
  if (memory.failure) return 'Failed';
  const outcome = podOutcome(pod, observed);
  if (outcome && !sidecarsRun(input, containers)) return outcome;
  if (ending && !live && memory.stoppingSinceMs !== undefined) {
    const codes = main.map(({ state }) => state?.terminated?.exitCode);
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  }
  if (outcome) return 'Running';
  const anyMain = main.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  return anyMain ? 'Running' : before === 'Running' ? 'Running' : 'Pending';
}

/** A pod has not ended while its sidecars still run. */
function sidecarsRun({ observed }: StatusInput, containers: readonly PodContainer[]): boolean {
  return containers.some(({ role, spec }) => role === 'sidecar' && newest(observed, spec.name)?.state === 'running');
}
