import type { ContainerStatus, Sandbox } from '../runtime/runtime.ts';
import { type EndedRun, restartDelayMs, withinMs } from './back-off.ts';
import { annotations } from './identity.ts';

/** One container of a pod as the runtime last showed it. */
export interface ObservedContainer extends ContainerStatus {
  /** What the container left in its termination message file; empty while it runs. */
  readonly terminationMessage: string;
}

/** A pod as the runtime shows it. Newest first: sandboxes and the containers of one name by attempt. */
export interface ObservedPod {
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly ObservedContainer[];
}

export const nothingObserved: ObservedPod = { sandboxes: [], containers: [] };

export function sortObserved(pod: ObservedPod): ObservedPod {
  return {
    sandboxes: [...pod.sandboxes].sort((a, b) => b.pod.attempt - a.pod.attempt || b.createdAtMs - a.createdAtMs),
    containers: [...pod.containers].sort((a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs),
  };
}

/** The sandbox that containers are to run in; undefined when there is none or its network is gone. */
export function readySandbox(observed: ObservedPod): Sandbox | undefined {
  return observed.sandboxes.find((sandbox) => sandbox.ready);
}

/** The newest container of a name. */
export const newest = (observed: ObservedPod, name: string): ObservedContainer | undefined =>
  observed.containers.find((container) => container.name === name);

/** All containers of a name, newest first. */
export const attemptsOf = (observed: ObservedPod, name: string): readonly ObservedContainer[] =>
  observed.containers.filter((container) => container.name === name);

/** It may hold processes. */
export const isLive = (container: ObservedContainer): boolean =>
  container.state === 'running' || container.state === 'unknown';

/** Ends that lie further ahead than this were noted before the clock was set back. */
const skewMaxMs = 10_000;

/** When an ended container may be started again. */
export const restartAtMs = (container: ObservedContainer, nowMs: number): number => {
  const run = endedRun(container);
  const delayMs = restartDelayMs(run);
  return withinMs(run.finishedAtMs + delayMs, nowMs, delayMs + skewMaxMs);
};

export function endedRun(container: ObservedContainer): EndedRun {
  const noted = Number(container.annotations[annotations.backOffMs] ?? '0');
  return {
    backOffMs: Number.isFinite(noted) && noted > 0 ? noted : 0,
    startedAtMs: container.startedAtMs,
    finishedAtMs: container.finishedAtMs || container.createdAtMs,
  };
}
