import { type Action, delayed, type PodSituation } from './action.ts';
import { backOffMaxMs, nextBackOffMs, withinMs } from './back-off.ts';
import { endedRun, newest, type ObservedContainer, readySandbox, restartAtMs } from './observed.ts';
import { endedExitCode, reportedStatus } from './outcome.ts';
import { containersOf, type PodContainer, restartsAfter } from './pod-model.ts';

/** A container that is to run, and from when on. */
interface Wanted {
  readonly container: PodContainer;
  readonly notBeforeMs: number;
}

/** The next image to fetch, sandbox to make or container to start; `wait` when none is due. */
export function planStart(situation: PodSituation): Action {
  const { observed, memory, nowMs } = situation;
  const wanted = wantedContainers(situation);
  const due = wanted.filter(({ notBeforeMs }) => notBeforeMs <= nowMs);
  for (const { container } of due) {
    const image = memory.containers.get(container.spec.name)?.image;
    if (!image || (image.kind === 'failed' && withinMs(image.retryAtMs, nowMs, backOffMaxMs) <= nowMs))
      return { kind: 'pull-image', container };
  }
  const sandbox = readySandbox(observed);
  if (!sandbox && wanted.length > 0) {
    const attempt = (observed.sandboxes[0]?.pod.attempt ?? -1) + 1;
    return soonest(delayed(situation, 'sandbox') ?? { kind: 'create-sandbox', attempt }, waitFor(situation, wanted));
  }
  for (const { container } of due) {
    const image = memory.containers.get(container.spec.name)?.image;
    if (!sandbox || image?.kind !== 'ready' || delayed(situation, startKey(container))) continue;
    return {
      kind: 'start-container',
      container,
      start: { sandboxId: sandbox.id, ...numberOf(situation, container) },
    };
  }
  return waitFor(situation, wanted);
}

/** What the failures of starting one container are counted under. */
export const startKey = (container: PodContainer): string => `start:${container.spec.name}`;

function waitFor(situation: PodSituation, wanted: readonly Wanted[]): Action {
  const times = wanted.flatMap(({ container, notBeforeMs }) => {
    const image = situation.memory.containers.get(container.spec.name)?.image;
    const retry = delayed(situation, startKey(container));
    const retryMs = retry?.kind === 'wait' ? retry.untilMs : undefined;
    return [notBeforeMs, image?.kind === 'failed' ? image.retryAtMs : 0, retryMs ?? 0];
  });
  const future = times.filter((time) => time > situation.nowMs);
  return { kind: 'wait', untilMs: future.length > 0 ? Math.min(...future) : undefined };
}

function soonest(action: Action, other: Action): Action {
  if (action.kind !== 'wait' || other.kind !== 'wait') return action;
  const times = [action.untilMs, other.untilMs].filter((time) => time !== undefined);
  return { kind: 'wait', untilMs: times.length > 0 ? Math.min(...times) : undefined };
}

function numberOf(situation: PodSituation, container: PodContainer): { attempt: number; backOffMs: number } {
  const last = newest(situation.observed, container.spec.name);
  const reported = reportedStatus(situation.pod, container.spec.name);
  const reportedCount = reported?.containerID ? reported.restartCount : -1;
  return {
    attempt: Math.max(last?.attempt ?? -1, reportedCount) + 1,
    backOffMs: last ? nextBackOffMs(endedRun(last)) : 0,
  };
}

/** Which containers should be running now and are not: init containers one after the other, then all the others. */
function wantedContainers(situation: PodSituation): readonly Wanted[] {
  const { pod, observed, memory, nowMs } = situation;
  const containers = containersOf(pod);
  const sandboxId = readySandbox(observed)?.id;
  const inSandbox = (name: string): ObservedContainer | undefined => {
    const last = newest(observed, name);
    return last && last.sandboxId === sandboxId ? last : undefined;
  };
  const pastInit = containers.some(({ role, spec }) => role === 'main' && inSandbox(spec.name));
  const wanted: Wanted[] = [];
  for (const container of containers) {
    const last = inSandbox(container.spec.name);
    if (container.role === 'init') {
      if (pastInit || (last?.state === 'exited' && last.exitCode === 0)) continue;
      if (!last || last.state === 'exited')
        wanted.push({ container, notBeforeMs: last ? restartAtMs(last, nowMs) : 0 });
      return wanted;
    }
    if (container.role === 'sidecar') {
      if (!last || last.state === 'exited')
        wanted.push({ container, notBeforeMs: last ? restartAtMs(last, nowMs) : 0 });
      const started = last?.state === 'running' && memory.probes.get(last.id)?.started === true;
      if (!started && !pastInit) return wanted;
      continue;
    }
    const anywhere = newest(observed, container.spec.name);
    const code = endedExitCode(pod, observed, container);
    if (anywhere && code === undefined) continue;
    if (code !== undefined && !restartsAfter(container, code)) continue;
    wanted.push({ container, notBeforeMs: anywhere ? restartAtMs(anywhere, nowMs) : 0 });
  }
  return wanted;
}
