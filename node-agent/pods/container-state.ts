import type {
  V1ContainerState,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1VolumeMountStatus,
} from '#api/generated/types.ts';
import { formatSeconds, restartDelayMs } from './back-off.ts';
import { annotations } from './identity.ts';
import type { PodMemory } from './memory.ts';
import { attemptsOf, endedRun, newest, type ObservedContainer, type ObservedPod, restartAtMs } from './observed.ts';
import { reportedStatus, unknownExitCode } from './outcome.ts';
import { type ApiPod, type PodContainer, podText, restartsAfter, specOf } from './pod-model.ts';

/** What the status of a pod is made from. */
export interface StatusInput {
  readonly pod: ApiPod;
  readonly observed: ObservedPod;
  readonly memory: Readonly<PodMemory>;
  readonly nowMs: number;
  /** The pod will start nothing any more: no container waits for a restart. */
  readonly ending: boolean;
  /** The machine goes down and stops the pod: nobody is to send anything to it any more. */
  readonly goingDown?: boolean | undefined;
  readonly hostIps: readonly string[];
}

export const isoSeconds = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** `containerd://…`: how an id names its runtime. */
const idOf = (container: ObservedContainer): string => `containerd://${container.id}`;

/** The status of one container; `pastInit` says that its turn has come. */
export function containerStatus(input: StatusInput, container: PodContainer, pastInit: boolean): V1ContainerStatus {
  const { observed, memory } = input;
  const { name, image } = container.spec;
  const last = newest(observed, name);
  const probe = last ? memory.probes.get(last.id) : undefined;
  const { state, lastState } = statesOf(input, container, pastInit);
  const running = last?.state === 'running';
  const reported = reportedStatus(input.pod, name);
  const ready =
    container.role === 'init'
      ? last?.state === 'exited' && last.exitCode === 0
      : container.role !== 'ephemeral' && running && probe?.started === true && probe.ready;
  const started = container.role === 'init' ? running : running && probe?.started === true;
  return {
    name,
    state,
    lastState,
    ready,
    restartCount: Math.max(last?.attempt ?? 0, last ? 0 : (reported?.restartCount ?? 0)),
    image: last ? last.annotations[annotations.image] || last.image : reported?.image || (image ?? ''),
    imageID: last?.imageRef ?? reported?.imageID ?? '',
    ...(last ? { containerID: idOf(last) } : reported?.containerID ? { containerID: reported.containerID } : {}),
    ...(container.role !== 'ephemeral' && { started }),
    ...(container.spec.resources?.requests && { allocatedResources: container.spec.resources.requests }),
    ...(container.spec.resources && { resources: container.spec.resources }),
    ...mountsOf(container),
  };
}

function mountsOf({ spec }: PodContainer): { volumeMounts?: V1VolumeMountStatus[] } {
  const mounts = spec.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly, recursiveReadOnly: 'Disabled' }),
    })),
  };
}

function statesOf(
  input: StatusInput,
  container: PodContainer,
  pastInit: boolean,
): { state: V1ContainerState; lastState: V1ContainerState } {
  const { observed, memory, pod, ending } = input;
  const { name } = container.spec;
  const attempts = attemptsOf(observed, name).filter((one) => one.state !== 'created');
  const [last, previous] = attempts;
  const known = memory.containers.get(name);
  if (!last) return neverSeen(input, container, pastInit);
  const before = previous ? { terminated: terminatedState(previous) } : lostState(pod, name, last.attempt);
  if (last.state === 'running')
    return { state: { running: { startedAt: isoSeconds(last.startedAtMs) } }, lastState: before };
  const ended = { terminated: terminatedState(last) };
  const again = !ending && restartsAfter(container, last.exitCode);
  if (!again) return { state: ended, lastState: before };
  const failure = startFailure(known);
  if (failure) return { state: { waiting: failure }, lastState: ended };
  const delayMs = restartDelayMs(endedRun(last));
  if (restartAtMs(last, input.nowMs) <= input.nowMs || delayMs === 0) return { state: ended, lastState: before };
  const message = `back-off ${formatSeconds(delayMs)} restarting failed container=${name} pod=${podText(pod)}`;
  return { state: { waiting: { reason: 'CrashLoopBackOff', message } }, lastState: ended };
}

/** A container that the runtime does not have: not started yet, or lost since it was last reported. */
function neverSeen(
  input: StatusInput,
  container: PodContainer,
  pastInit: boolean,
): { state: V1ContainerState; lastState: V1ContainerState } {
  const { pod, memory, ending } = input;
  const { name } = container.spec;
  const reported = reportedStatus(pod, name);
  const failure = startFailure(memory.containers.get(name));
  if (reported?.state?.terminated) {
    if (ending || !failure) return { state: reported.state, lastState: reported.lastState ?? {} };
    return { state: { waiting: failure }, lastState: reported.state };
  }
  if (reported?.state?.running) {
    const lost: V1ContainerState = { terminated: lostTermination(reported, container) };
    if (ending || container.restartPolicy === 'Never') return { state: lost, lastState: reported.lastState ?? {} };
    return { state: { waiting: failure ?? { reason: 'ContainerCreating' } }, lastState: lost };
  }
  const hasInit = (specOf(pod).initContainers ?? []).length > 0;
  const initial = {
    reason: hasInit && !(container.role === 'main' && pastInit) ? 'PodInitializing' : 'ContainerCreating',
  };
  return { state: { waiting: failure ?? initial }, lastState: reported?.lastState ?? {} };
}

function startFailure(
  known: ReturnType<PodMemory['containers']['get']>,
): { reason: string; message: string } | undefined {
  if (known?.image?.kind === 'failed') return { reason: known.image.reason, message: known.image.message };
  return known?.waiting;
}

/** What the API server still knows of the run before `attempt`, after the runtime's record of it was collected. */
function lostState(pod: ApiPod, name: string, attempt: number): V1ContainerState {
  const reported = reportedStatus(pod, name);
  if (!reported) return {};
  if (reported.restartCount === attempt) return reported.lastState ?? {};
  return reported.restartCount === attempt - 1 && reported.state?.terminated ? reported.state : {};
}

function lostTermination(reported: V1ContainerStatus, _container: PodContainer): V1ContainerStateTerminated {
  return {
    exitCode: unknownExitCode,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(reported.state?.running?.startedAt && { startedAt: reported.state.running.startedAt }),
    ...(reported.containerID && { containerID: reported.containerID }),
  };
}

export function terminatedState(container: ObservedContainer): V1ContainerStateTerminated {
  const message = container.terminationMessage || container.message;
  return {
    exitCode: container.exitCode,
    reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
    ...(message && { message }),
    ...(container.startedAtMs > 0 && { startedAt: isoSeconds(container.startedAtMs) }),
    ...(container.finishedAtMs > 0 && { finishedAt: isoSeconds(container.finishedAtMs) }),
    containerID: idOf(container),
  };
}
