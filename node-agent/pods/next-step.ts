import { goingDownMessage, type ShutdownOrder } from '../shutdown/shutdown.ts';
import { type Action, delayed, type PodSituation, type StopPlan } from './action.ts';
import { annotations } from './identity.ts';
import { planStart } from './next-start.ts';
import { attemptsOf, isLive, newest } from './observed.ts';
import { podOutcome } from './outcome.ts';
import { type ApiPod, containerHash, containersOf, isTerminalPhase, specOf } from './pod-model.ts';
import { stoppingSince, withdrawalWait } from './withdrawal.ts';

/** How many ended containers of one name are kept: the last, and the one that `logs --previous` shows. */
const endedKept = 2;

/** The kubelet's own answer for pods that say nothing. */
const graceSecondsDefault = 30;

/** Every process gets this long between SIGTERM and SIGKILL, whatever was asked for, as with the kubelet. */
const graceSecondsMin = 2;

/** Pure: the one thing to do now for this pod. */
export function nextStep(situation: PodSituation): Action {
  const { pod, gone, memory, observed, nowMs } = situation;
  if (gone || pod.metadata.deletionTimestamp !== undefined) return remove(situation);
  if (memory.failure !== undefined || isTerminalPhase(pod.status?.phase)) return stop(situation);
  const deadlineMs = deadlineOf(pod);
  if (deadlineMs !== undefined && nowMs >= deadlineMs)
    return {
      kind: 'fail',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
  if (podOutcome(pod, observed) !== undefined) return stop(situation);
  if (situation.fence === 'stop') return holdBack(situation);
  if (situation.shutdown) return goDown(situation, situation.shutdown);
  if (situation.fence === 'ask') return delayed(situation, 'confirm') ?? { kind: 'confirm' };
  return earliest(run(situation), deadlineMs);
}

/** Contact with the server is lost: nothing of the pod runs until it is back. A pod that is not to be restarted has failed. */
function holdBack(situation: PodSituation): Action {
  const stops = stopEverything(situation);
  if (!stops) return { kind: 'wait', untilMs: undefined };
  if (specOf(situation.pod).restartPolicy === 'Always') return delayed(situation, 'stop') ?? stops;
  return {
    kind: 'fail',
    reason: 'ContactLost',
    message: 'The machine lost contact with the server, which may have replaced this pod',
  };
}

/** The machine goes down. What it can start again after its next boot stays as it is; a pod that is not to be restarted has failed. */
function goDown(situation: PodSituation, { kind }: ShutdownOrder): Action {
  const stops = kind === 'stop' ? stopEverything(situation) : undefined;
  if (!stops) return { kind: 'wait', untilMs: undefined };
  const waits = delayed(situation, 'stop') ?? withdrawalWait(situation, graceLeftOf(situation));
  if (waits) return waits;
  if (specOf(situation.pod).restartPolicy === 'Always') return stops;
  return {
    kind: 'fail',
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
  };
}

/** When the pod's activeDeadlineSeconds are over. */
export function deadlineOf(pod: ApiPod): number | undefined {
  const seconds = specOf(pod).activeDeadlineSeconds;
  const start = pod.status?.startTime;
  return seconds === undefined || start === undefined ? undefined : Date.parse(start) + seconds * 1000;
}

/** The grace period that holds for the pod now; deletion may shorten it. */
export function graceSecondsOf(situation: Pick<PodSituation, 'pod' | 'gone'>): number {
  const { metadata } = situation.pod;
  const ofSpec = specOf(situation.pod).terminationGracePeriodSeconds ?? graceSecondsDefault;
  if (metadata.deletionTimestamp !== undefined) return metadata.deletionGracePeriodSeconds ?? ofSpec;
  return ofSpec;
}

/** What a machine that goes down leaves of it. */
const graceLeftOf = (situation: PodSituation): number =>
  Math.min(graceSecondsOf(situation), situation.shutdown?.graceSeconds ?? Number.POSITIVE_INFINITY);

function earliest(action: Action, timeMs: number | undefined): Action {
  if (action.kind !== 'wait' || timeMs === undefined) return action;
  return { kind: 'wait', untilMs: Math.min(action.untilMs ?? timeMs, timeMs) };
}

function remove(situation: PodSituation): Action {
  const stops = stopEverything(situation);
  if (stops) return delayed(situation, 'stop') ?? withdrawalWait(situation, graceLeftOf(situation)) ?? stops;
  if (!situation.memory.cleared) return delayed(situation, 'clear') ?? { kind: 'clear' };
  if (situation.gone) return { kind: 'forget' };
  if (situation.memory.deleteRequested) return { kind: 'wait', untilMs: undefined };
  return delayed(situation, 'delete') ?? { kind: 'delete-object' };
}

/** For pods that have ended but whose object stays: processes, network and volumes go, logs stay. */
function stop(situation: PodSituation): Action {
  const stops = stopEverything(situation);
  if (stops) return delayed(situation, 'stop') ?? stops;
  const unstarted = situation.observed.containers.filter((container) => container.state === 'created');
  if (unstarted.length > 0)
    return delayed(situation, 'prune') ?? { kind: 'remove-containers', ids: unstarted.map(({ id }) => id) };
  const ready = situation.observed.sandboxes.filter((sandbox) => sandbox.ready);
  if (ready.length > 0)
    return delayed(situation, 'stop') ?? { kind: 'stop-sandboxes', ids: ready.map((sandbox) => sandbox.id) };
  if (situation.memory.place !== 'none') return delayed(situation, 'clear') ?? { kind: 'release-place' };
  return { kind: 'wait', untilMs: undefined };
}

/** Main and init containers together, then sidecars, the last one first; all within one grace period. */
function stopEverything(situation: PodSituation): Action | undefined {
  const { observed, memory, nowMs, pod } = situation;
  const live = observed.containers.filter(isLive);
  if (live.length === 0) return undefined;
  const sidecars = containersOf(pod).flatMap(({ role, spec }) => (role === 'sidecar' ? [spec.name] : []));
  const first = live.filter((container) => !sidecars.includes(container.name));
  const last = sidecars.toReversed().flatMap((name) => live.filter((container) => container.name === name));
  const chosen = first.length > 0 ? first : last.slice(0, 1);
  const sinceMs = stoppingSince(memory);
  const elapsedMs = sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs);
  const hard = situation.fence === 'stop';
  const graceSeconds = hard
    ? (situation.fenceGraceSeconds ?? 0)
    : Math.max(
        graceSecondsMin,
        Math.min(Math.ceil(graceSecondsOf(situation) - elapsedMs / 1000), graceLeftOf(situation)),
      );
  const why = hard ? ': contact with the server is lost' : situation.shutdown ? `: ${goingDownMessage}` : '';
  return {
    kind: 'stop-containers',
    // A pod that is held back goes on later: its time to end, should it come, begins anew then.
    whole: !hard || situation.gone || pod.metadata.deletionTimestamp !== undefined,
    stops: (hard ? live : chosen).map((container) => ({
      container,
      message: `Stopping container ${container.name}${why}`,
      graceSeconds,
      ...(hard && { hard }),
    })),
  };
}

function run(situation: PodSituation): Action {
  const doubles = stopDoubles(situation);
  if (doubles) return delayed(situation, 'stop') ?? doubles;
  const unwanted = stopUnwanted(situation);
  if (unwanted) return delayed(situation, 'stop') ?? unwanted;
  if (situation.memory.place !== 'ready') return delayed(situation, 'place') ?? { kind: 'prepare-place' };
  const started = planStart(situation);
  if (started.kind !== 'wait') return started;
  return prune(situation) ?? started;
}

/** Never two live containers of one name, and none outside the current sandbox. */
function stopDoubles({ observed, pod }: PodSituation): Action | undefined {
  const current = observed.sandboxes.find((sandbox) => sandbox.ready);
  const stray = observed.containers.filter(
    (container) =>
      isLive(container) &&
      (container.sandboxId !== current?.id || newest(observed, container.name)?.id !== container.id),
  );
  if (stray.length > 0) {
    const graceSeconds = specOf(pod).terminationGracePeriodSeconds ?? graceSecondsDefault;
    return {
      kind: 'stop-containers',
      whole: false,
      stops: stray.map((container) => ({ container, message: `Stopping container ${container.name}`, graceSeconds })),
    };
  }
  const extra = observed.sandboxes.filter((sandbox) => sandbox.ready && sandbox.id !== current?.id);
  return extra.length > 0 ? { kind: 'stop-sandboxes', ids: extra.map((sandbox) => sandbox.id) } : undefined;
}

/** Containers whose spec has changed, that a probe gave up on, or that were made but never started. */
function stopUnwanted({ observed, memory, pod }: PodSituation): Action | undefined {
  const graceOfPod = specOf(pod).terminationGracePeriodSeconds ?? graceSecondsDefault;
  const stops: StopPlan[] = [];
  const unstarted: string[] = [];
  const roles = containersOf(pod);
  for (const container of observed.containers) {
    if (container.state === 'created') unstarted.push(container.id);
    if (container.state === 'unknown')
      stops.push({
        container,
        message: `Container ${container.name} is in unknown state, try killing it before restart`,
        graceSeconds: graceOfPod,
      });
    if (container.state !== 'running') continue;
    const wanted = roles.find(({ spec }) => spec.name === container.name);
    const failed = memory.probes.get(container.id)?.failed;
    if (!wanted) {
      stops.push({ container, message: `Stopping container ${container.name}`, graceSeconds: graceOfPod });
    } else if (container.annotations[annotations.hash] !== containerHash(wanted.spec)) {
      stops.push({
        container,
        message: `Container ${container.name} definition changed, will be restarted`,
        graceSeconds: graceOfPod,
      });
    } else if (failed) {
      stops.push({
        container,
        message: `Container ${container.name} failed ${failed.probe} probe, will be restarted`,
        graceSeconds: failed.graceSeconds ?? graceOfPod,
      });
    }
  }
  if (stops.length > 0) return { kind: 'stop-containers', whole: false, stops };
  return unstarted.length > 0 ? { kind: 'remove-containers', ids: unstarted } : undefined;
}

/** Ended containers beyond those that are kept, then old sandboxes that hold none any more. */
function prune(situation: PodSituation): Action | undefined {
  const { observed, pod } = situation;
  if (delayed(situation, 'prune')) return undefined;
  const old = containersOf(pod).flatMap(({ spec }) => {
    const ended = attemptsOf(observed, spec.name).filter((container) => container.state === 'exited');
    return ended.slice(endedKept).map((container) => container.id);
  });
  if (old.length > 0) return { kind: 'remove-containers', ids: old };
  const empty = observed.sandboxes.filter(
    (sandbox) => !sandbox.ready && !observed.containers.some((container) => container.sandboxId === sandbox.id),
  );
  return empty.length > 0 ? { kind: 'remove-sandboxes', ids: empty.map((sandbox) => sandbox.id) } : undefined;
}
