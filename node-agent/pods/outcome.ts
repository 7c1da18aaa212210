import type { V1ContainerStatus, V1Pod } from '#api/generated/types.ts';
import { newest, type ObservedContainer, type ObservedPod } from './observed.ts';
import { type ApiPod, containersOf, type PodContainer, restartsAfter } from './pod-model.ts';

/** What the kubelet reports of a container whose end nobody saw. */
export const unknownExitCode = 137;

/** The last status that the API server has of a container. */
export function reportedStatus(pod: V1Pod, name: string): V1ContainerStatus | undefined {
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = pod.status ?? {};
  const all = [...(containerStatuses ?? []), ...(initContainerStatuses ?? []), ...(ephemeralContainerStatuses ?? [])];
  return all.find((status) => status.name === name);
}

/**
 * The exit code of the newest run of a container: as the runtime shows it, else as it was reported before the runtime
 * lost it. Undefined while it runs or has never run.
 */
export function endedExitCode(pod: ApiPod, observed: ObservedPod, container: PodContainer): number | undefined {
  const last = newest(observed, container.spec.name);
  if (last) return last.state === 'exited' ? last.exitCode : undefined;
  const reported = reportedStatus(pod, container.spec.name)?.state;
  if (reported?.terminated) return reported.terminated.exitCode;
  return reported?.running ? unknownExitCode : undefined;
}

/** Whether and how the pod has ended for good; undefined: it has not. */
export function podOutcome(pod: ApiPod, observed: ObservedPod): 'Succeeded' | 'Failed' | undefined {
  const containers = containersOf(pod);
  const current = observed.sandboxes[0]?.id;
  const mains = containers.filter(({ role }) => role === 'main');
  const anyMain = mains.some(({ spec }) => newest(observed, spec.name) !== undefined);
  for (const container of containers) {
    if (container.role !== 'init' || anyMain) continue;
    const last = newest(observed, container.spec.name);
    if (last && hasEndedIn(last, current) && last.exitCode !== 0 && !restartsAfter(container, last.exitCode))
      return 'Failed';
  }
  const codes = mains.map((container) => ({ container, code: endedExitCode(pod, observed, container) }));
  const ended = codes.every(({ container, code }) => code !== undefined && !restartsAfter(container, code));
  if (!ended || mains.length === 0) return undefined;
  return codes.every(({ code }) => code === 0) ? 'Succeeded' : 'Failed';
}

const hasEndedIn = (container: ObservedContainer, sandboxId: string | undefined): boolean =>
  container.state === 'exited' && container.sandboxId === sandboxId;
