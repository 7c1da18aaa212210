import type { Timer } from '#base/clock.ts';
import { goingDownMessage, type ShutdownOrder } from '../shutdown/shutdown.ts';
import type { Action, PodSituation } from './action.ts';
import { type PodContext, type PodDependencies, podFacts } from './context.ts';
import { refreshVolumes } from './effect-place.ts';
import type { PodPlace } from './host.ts';
import { createAbort, type LinkedAbort } from './linked-abort.ts';
import { createPodMemory, type PodFailure } from './memory.ts';
import { graceSecondsOf, nextStep } from './next-step.ts';
import { isLive, readySandbox, restartAtMs } from './observed.ts';
import { podOutcome } from './outcome.ts';
import { perform } from './perform.ts';
import { type ApiPod, containersOf, isTerminalPhase, podText, restartsAfter } from './pod-model.ts';
import { createProbeSet } from './probe-set.ts';
import { isNewer } from './reporter.ts';
import { qosClassOf } from './resources.ts';
import { sameJson } from './same-json.ts';
import { podStatus } from './status.ts';
import { noteWithdrawal } from './withdrawal.ts';

/** What one step came to: nothing to do, look again at once, or look again then. */
export type StepResult = { readonly kind: 'done' | 'again' } | { readonly kind: 'after'; readonly delayMs: number };

export interface PodWorker {
  readonly pod: ApiPod;
  readonly place: PodPlace;
  /** The object as the server has it now. An older one than the last is ignored. */
  update(pod: ApiPod): void;
  /** The object is gone from the API server. */
  vanish(): void;
  /** Something about the pod may have changed. */
  wake(): void;
  /** Contact with the server was lost, or is back: what is under way for a pod that must not run twice is thought over. */
  contactChanged(verdict: 'run' | 'stop'): void;
  /** It may hold processes. */
  readonly alive: boolean;
  /** The machine goes down, and the pod's turn may have come: what is under way is thought over. */
  reconsider(): void;
  /** Resolves when the server knows its last status, as far as it can be told. */
  settled(): Promise<void>;
  /** One action at most. The worker itself calls it until there is nothing to do. */
  step(): Promise<StepResult>;
  /** Resolves when no step is under way; after the agent's signal has aborted. */
  idle(): Promise<void>;
}

export interface PodWorkerOptions {
  readonly pod: ApiPod;
  /** Refused when it arrived: it fails without starting anything. */
  readonly refusal?: PodFailure | undefined;
  readonly gone?: boolean | undefined;
  /** Nothing is left of the pod. */
  readonly onFinished: () => void;
}

/** While a step takes longer than this, what has changed meanwhile is reported without waiting for its end. */
const publishDelayMs = 100;

export function createPodWorker(deps: PodDependencies, options: PodWorkerOptions, life: AbortSignal): PodWorker {
  const { clock, view, reporter } = deps;
  const memory = createPodMemory();
  memory.failure = options.refusal;
  memory.podIps = (options.pod.status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  const { name, namespace = '', uid } = options.pod.metadata;
  const place: PodPlace = { uid, name, namespace, qos: qosClassOf(options.pod) };
  const announced = new Set<string>();
  let pod = options.pod;
  let gone = options.gone === true;
  let finished = false;
  let running: Promise<void> | undefined;
  let again = false;
  let timer: Timer | undefined;
  let publishTimer: Timer | undefined;
  let current: LinkedAbort | undefined;
  let refreshing: Promise<void> | undefined;
  let stale = false;

  const context: PodContext = {
    deps,
    place,
    memory,
    objects: deps.objects.subscribe(namespace, () => onObjectChange()),
    volumePaths: new Map(),
    stopping: new Set(),
    log: deps.log.child({ pod: `${namespace}/${name}`, uid }),
    life,
    pod: () => pod,
    observed: () => view.pod(uid),
    facts: () => podFacts(pod, readySandbox(view.pod(uid))?.ips ?? memory.podIps, deps.node),
    wake: () => wake(),
  };
  const probes = createProbeSet(context);

  /** Before anything says that the pod is not ready any more: that it was is what the withdrawal goes by. */
  const noteOrder = (): ShutdownOrder | undefined => {
    const shutdown = deps.shutdown.orderFor(pod);
    const { withdrawal } = deps.settings;
    noteWithdrawal(memory, pod, clock.now(), { settings: withdrawal, services: deps.services, shutdown });
    return shutdown;
  };

  const situation = (): PodSituation => {
    const observed = view.pod(uid);
    const shutdown = noteOrder();
    const now = { pod, gone, observed, memory, nowMs: clock.now(), ...(shutdown && { shutdown }) };
    if (!deps.fence.covers(pod)) return now;
    const fence = deps.fence.verdict(pod, observed.containers.some(isLive));
    return { ...now, fence, fenceGraceSeconds: deps.fence.graceSeconds };
  };

  const isEnding = (): boolean =>
    gone ||
    pod.metadata.deletionTimestamp !== undefined ||
    memory.failure !== undefined ||
    isTerminalPhase(pod.status?.phase) ||
    podOutcome(pod, view.pod(uid)) !== undefined;

  const publish = (): void => {
    publishTimer?.cancel();
    publishTimer = undefined;
    if (gone || finished || memory.deleteRequested || life.aborted) return;
    const ips = readySandbox(view.pod(uid))?.ips ?? [];
    if (ips.length > 0) memory.podIps = ips;
    noteOrder();
    reporter.submit(pod, (latest) =>
      podStatus({
        pod: latest,
        observed: view.pod(uid),
        memory,
        nowMs: clock.now(),
        ending: isEnding(),
        goingDown: deps.shutdown.orderFor(latest)?.kind === 'stop',
        hostIps: deps.node.hostIps(),
      }),
    );
  };

  const onObjectChange = (): void => {
    for (const key of memory.retries.keys())
      if (key === 'place' || key.startsWith('start:')) memory.retries.delete(key);
    refresh();
    wake();
  };

  /** One refresh at a time; a change during one leads to another. */
  const refresh = (): void => {
    stale = true;
    refreshing ??= (async () => {
      // Changes come in bursts, and the first one while the pod is still being set up.
      await Promise.resolve();
      while (stale && memory.place === 'ready' && !isEnding() && !life.aborted) {
        stale = false;
        await refreshVolumes(context, life);
      }
      refreshing = undefined;
    })();
  };

  const announceBackOff = (): void => {
    if (isEnding()) return;
    const present = new Set(view.pod(uid).containers.map(({ id }) => id));
    for (const id of announced) if (!present.has(id)) announced.delete(id);
    for (const container of containersOf(pod)) {
      const last = view.pod(uid).containers.find((one) => one.name === container.spec.name);
      if (last?.state !== 'exited' || announced.has(last.id) || restartAtMs(last, clock.now()) <= clock.now()) continue;
      if (!restartsAfter(container, last.exitCode)) continue;
      announced.add(last.id);
      const message = `Back-off restarting failed container ${last.name} in pod ${podText(pod)}`;
      deps.emit(pod, 'Warning', 'BackOff', message, last.name);
    }
  };

  const finish = (): void => {
    finished = true;
    timer?.cancel();
    publishTimer?.cancel();
    probes.close();
    context.objects.close();
    reporter.forget(uid);
    deps.fence.dismiss(uid);
    options.onFinished();
  };

  const step = async (): Promise<StepResult> => {
    probes.sync(isEnding());
    const action: Action = nextStep(situation());
    if (action.kind === 'forget') {
      finish();
      return { kind: 'done' };
    }
    if (action.kind === 'wait') {
      announceBackOff();
      publish();
      if (action.untilMs === undefined) return { kind: 'done' };
      return { kind: 'after', delayMs: Math.max(0, action.untilMs - clock.now()) };
    }
    // What is about to be torn down must have been told while it could still be seen.
    if (action.kind === 'clear' || action.kind === 'release-place') {
      publish();
      if (action.kind === 'clear') await reporter.flush(uid);
    }
    publishTimer ??= clock.setTimer(publishDelayMs, publish);
    const abort = createAbort(life);
    current = abort;
    try {
      await perform(context, action, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      abort.release();
      current = undefined;
    }
    // An object may have changed between its reading and the volume's being ready.
    if (action.kind === 'prepare-place' && stale) refresh();
    return { kind: 'again' };
  };

  const run = async (): Promise<void> => {
    while (again && !finished && !life.aborted) {
      again = false;
      timer?.cancel();
      timer = undefined;
      try {
        const result = await step();
        if (result.kind === 'again') again = true;
        if (result.kind === 'after') timer = clock.setTimer(result.delayMs, wake);
      } catch (error) {
        context.log.error({ err: error }, 'pod worker failed; it goes on');
        timer = clock.setTimer(panicDelayMs, wake);
      }
    }
    running = undefined;
  };

  const wake = (): void => {
    if (finished || life.aborted) return;
    again = true;
    if (!running) running = run();
    else if (current) publishTimer ??= clock.setTimer(publishDelayMs, publish);
  };

  /** Seconds that the pod still has; less than before means that what is under way must be thought over. */
  const urgency = (): number =>
    gone || pod.metadata.deletionTimestamp !== undefined ? graceSecondsOf({ pod, gone }) : Number.POSITIVE_INFINITY;

  const change = (apply: () => void): void => {
    const before = urgency();
    apply();
    if (urgency() < before) current?.abort(new Error('the pod is to end sooner'));
    wake();
  };

  return {
    get pod() {
      return pod;
    },
    place,
    update(latest) {
      if (latest === pod || (!isNewer(latest, pod) && latest.metadata.resourceVersion !== pod.metadata.resourceVersion))
        return;
      const { labels, annotations } = pod.metadata;
      change(() => {
        pod = latest;
      });
      if (!sameJson([labels, annotations], [latest.metadata.labels, latest.metadata.annotations])) refresh();
    },
    vanish() {
      if (gone) return;
      // The name may be another node's pod by now, whose status we may not write: waiting for that would never end.
      reporter.forget(uid);
      change(() => {
        gone = true;
      });
    },
    wake,
    contactChanged(verdict) {
      if (!deps.fence.covers(pod)) return;
      memory.retries.delete('confirm');
      if (verdict === 'stop') current?.abort(new Error('contact with the server is lost'));
      wake();
    },
    get alive() {
      return view.pod(uid).containers.some(isLive);
    },
    reconsider() {
      current?.abort(new Error(goingDownMessage));
      wake();
    },
    async settled() {
      await running;
      publish();
      await reporter.flush(uid);
    },
    step,
    async idle() {
      timer?.cancel();
      publishTimer?.cancel();
      await running;
      await refreshing;
    },
  };
}

/** After a programming error: often enough to heal, too seldom to burn the machine. */
const panicDelayMs = 5_000;
