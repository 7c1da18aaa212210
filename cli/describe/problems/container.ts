import type { CoreV1Event, V1Container, V1ContainerStatus, V1Pod } from '#api/generated/types.ts';
import { lastSeenMs } from '../events.ts';
import { formatProbe } from '../probes.ts';
import { imageProblem, isImageProblem } from './image.ts';
import type { Problem } from './problem.ts';

export interface ContainerView {
  readonly pod: V1Pod;
  readonly container: V1Container;
  readonly status: V1ContainerStatus;
  /** Of the pod, oldest first. */
  readonly events: readonly CoreV1Event[];
  readonly nowMs: number;
}

/** A restart that long ago is history. */
const recentMs = 10 * 60_000;

export function containerProblem(view: ContainerView): Problem | undefined {
  const { waiting, running, terminated } = view.status.state ?? {};
  if (waiting) return waitingProblem(view, waiting.reason ?? '', waiting.message ?? '');
  if (terminated)
    return terminated.exitCode === 0 && terminated.reason !== 'OOMKilled' ? undefined : endedProblem(view);
  if (running) return probeProblem(view) ?? restartProblem(view);
  return undefined;
}

function waitingProblem(view: ContainerView, reason: string, message: string): Problem | undefined {
  const { container, status } = view;
  const name = container.name;
  if (isImageProblem(reason, message)) {
    const event = lastEvent(
      view,
      ({ reason: one, message: text }) => one === 'Failed' && /pull|image/i.test(text ?? ''),
    );
    const detail = /back-off/i.test(message) ? (event?.message ?? message) : message;
    return imageProblem(name, container.image ?? '', reason, detail);
  }
  if (reason === 'CrashLoopBackOff' || (status.lastState?.terminated && status.restartCount > 0))
    return endedProblem(view);
  if (reason === 'CreateContainerConfigError') return missingProblem(`container ${name} cannot start`, message);
  if (['CreateContainerError', 'RunContainerError', 'PostStartHookError', 'PreCreateHookError'].includes(reason)) {
    return { what: `container ${name} cannot start: ${shortest(message) || reason}`, advice: adviceForStart(message) };
  }
  return undefined;
}

/** ConfigMaps and secrets, and keys in them, that are not there. Good for volumes too. */
export function missingProblem(start: string, message: string): Problem {
  const [, kind = '', object = ''] =
    /(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found/i.exec(message) ?? [];
  if (object) {
    const noun = kind.toLowerCase();
    return {
      what: `${start}: there is no ${noun} ${JSON.stringify(object)} in its namespace`,
      advice: `Create the ${noun}; the pod goes on by itself then. See what there is with: berth get ${noun}s`,
    };
  }
  return { what: `${start}: ${message}`, advice: 'Correct what it refers to; the pod goes on by itself then' };
}

/** Runtimes tell the whole way down to the fault; its end is what matters. */
const shortest = (message: string): string =>
  /exec: "[^"]*": .*$/s.exec(message)?.[0].replace(/: unknown$/, '') ?? message;

const adviceForStart = (message: string): string =>
  /executable file not found|no such file|permission denied|exec format/i.test(message)
    ? 'Check command and args of the container: the program must be in the image'
    : 'Correct the container and apply again';

/** It ends, and is started again or not: why it ended the last time. */
function endedProblem({ pod, container, status, events }: ContainerView): Problem {
  const ended = status.state?.terminated ?? status.lastState?.terminated;
  const name = container.name;
  const again = status.restartCount > 0 ? `, ${times(status.restartCount)} so far` : '';
  const looping = status.state?.terminated === undefined || status.restartCount > 0;
  const verb = looping ? 'ends again and again' : 'has ended';
  const logs = logsCommand(pod, name, status.state?.terminated === undefined);
  if (ended?.reason === 'OOMKilled') {
    const limit = container.resources?.limits?.memory;
    return {
      what: `container ${name} ${looping ? 'is killed again and again' : 'was killed'} because it needs more memory than ${limit ? `its limit of ${limit}` : 'there is'} (OOMKilled${again})`,
      advice: `Raise resources.limits.memory, or find out what needs so much: ${logs}`,
    };
  }
  if (ended?.reason === 'StartError' || ended?.reason === 'ContainerCannotRun') {
    const message = ended.message ?? '';
    return { what: `container ${name} cannot start: ${shortest(message)}`, advice: adviceForStart(message) };
  }
  const liveness = lastOf(
    events,
    ({ reason, message }) => reason === 'Unhealthy' && /^(Liveness|Startup)/.test(message ?? ''),
  );
  if (liveness && (ended?.exitCode === 137 || ended?.exitCode === 143)) {
    return {
      what: `container ${name} is killed again and again because a probe fails${again}: ${liveness.message}`,
      advice: `Correct the probe or what it asks, or give it more time; read the log with: ${logs}`,
    };
  }
  if (!ended) return { what: `container ${name} ends again and again${again}`, advice: `Read why: ${logs}` };
  const said = ended.message ? `: ${ended.message}` : '';
  return {
    what: `container ${name} ${verb} with exit code ${ended.exitCode}${exitMeaning(ended.exitCode)}${again}${said}`,
    advice: `Read why: ${logs}`,
  };
}

const exitMeanings: Readonly<Record<number, string>> = {
  126: ' (its program may not be run)',
  127: ' (its program was not found)',
  137: ' (killed by signal 9)',
  139: ' (it crashed: segmentation fault)',
  143: ' (ended by signal 15)',
};

const exitMeaning = (code: number): string => exitMeanings[code] ?? '';

/** It runs, but a probe says that it is not ready. Just started is no problem yet: then nothing has failed so far. */
function probeProblem(view: ContainerView): Problem | undefined {
  const { pod, container, status } = view;
  if (status.ready) return undefined;
  const startedMs = Date.parse(status.state?.running?.startedAt ?? '');
  const failed = lastEvent(
    view,
    (event) =>
      event.reason === 'Unhealthy' &&
      /^(Readiness|Startup)/.test(event.message ?? '') &&
      lastSeenMs(event) >= startedMs,
  );
  if (!failed) return undefined;
  const isStartup = failed.message?.startsWith('Startup') ?? false;
  const probe = isStartup ? container.startupProbe : container.readinessProbe;
  const kind = isStartup ? 'startup' : 'readiness';
  return {
    what: `container ${container.name} runs but is not ready: ${failed.message}`,
    advice: `Check the ${kind} probe${probe ? ` (${formatProbe(probe)})` : ''} and the log: ${logsCommand(pod, container.name, false)}`,
  };
}

/** It is up again, but has just been down. */
function restartProblem(view: ContainerView): Problem | undefined {
  const ended = view.status.lastState?.terminated;
  const endedMs = Date.parse(ended?.finishedAt ?? '');
  if (!ended || view.status.restartCount === 0 || !(view.nowMs - endedMs < recentMs)) return undefined;
  const problem = endedProblem({ ...view, status: { ...view.status, state: {} } });
  return { ...problem, what: `${problem.what}; it runs again now` };
}

const logsCommand = ({ metadata, spec }: V1Pod, container: string, previous: boolean): string => {
  const several = (spec?.containers.length ?? 0) + (spec?.initContainers?.length ?? 0) > 1;
  const namespace = metadata?.namespace === 'default' ? '' : ` -n ${metadata?.namespace}`;
  return `berth logs ${metadata?.name}${namespace}${several ? ` -c ${container}` : ''}${previous ? ' --previous' : ''}`;
};

const times = (count: number): string => (count === 1 ? '1 restart' : `${count} restarts`);

const lastOf = (events: readonly CoreV1Event[], is: (event: CoreV1Event) => boolean): CoreV1Event | undefined =>
  events.findLast(is);

/** The newest about this container, or about the pod as a whole. */
function lastEvent({ events, container }: ContainerView, is: (event: CoreV1Event) => boolean): CoreV1Event | undefined {
  return lastOf(events, (event) => {
    const path = event.involvedObject.fieldPath;
    return is(event) && (!path || path.includes(`{${container.name}}`));
  });
}
