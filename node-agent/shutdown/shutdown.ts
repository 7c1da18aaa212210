import type { V1Pod } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';

/** The words that Kubernetes' own nodes say it with. */
export const goingDownMessage = 'node is shutting down';

/** What a pod is to do on a machine that goes down. */
export interface ShutdownOrder {
  /** `hold`: what runs goes on, and nothing is started. `stop`: its turn has come. */
  readonly kind: 'hold' | 'stop';
  /** Until the machine waits no longer for it, whatever its own grace period says. */
  readonly graceSeconds: number;
  /** The cluster knows that the machine goes: endpoints can be withdrawn before the pod is stopped. */
  readonly told: boolean;
}

/** The end of the machine, as its pods see it (docs/decisions/0019). */
export interface Shutdown {
  readonly begun: boolean;
  /** Undefined while the machine is not going down. */
  orderFor(pod: V1Pod): ShutdownOrder | undefined;
  /** Tells the cluster, then stops the pods, critical ones last. Resolves when none runs, or when the time is over. Never rejects. */
  run(parts: ShutdownParts): Promise<void>;
}

export interface ShutdownParts {
  /** Resolves once the cluster knows; may take until the signal aborts. */
  announce(signal: AbortSignal): Promise<void>;
  pods(): readonly ShutdownPod[];
}

export interface ShutdownPod {
  readonly pod: V1Pod;
  /** It may hold processes. */
  readonly alive: boolean;
  /** There is another order for it. */
  reconsider(): void;
  /** Resolves when the server knows its last status. */
  settled(): Promise<void>;
}

export interface ShutdownOptions {
  /** From the beginning to the moment when nothing is waited for any more. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that does not answer is not waited for longer. */
const announceMs = 3_000;
/** What critical pods have at least, where there are any: Kubernetes' own nodes keep a part of the time for them too. */
const criticalShare = 0.25;
/** For the last words of pods. */
const settleMs = 1_000;
const lookMs = 50;

export function createShutdown({ graceMs, clock, log }: ShutdownOptions): Shutdown {
  let startedMs: number | undefined;
  let stage: 'announce' | 'ordinary' | 'critical' = 'announce';
  let told = false;
  let ordinaryMs = graceMs;

  const elapsedMs = (): number => (startedMs === undefined ? 0 : clock.monotonicMs() - startedMs);

  /** False when the time was over first. */
  const within = async (limitMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
    const limit = new AbortController();
    const timer = clock.setTimer(limitMs, () => limit.abort(new Error(`not done within ${limitMs} ms`)));
    const over = new Promise<void>((resolve) =>
      limit.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    try {
      await Promise.race([work(limit.signal), over]);
      return !limit.signal.aborted;
    } catch (error) {
      if (!limit.signal.aborted) log.warn({ err: error }, 'on the way down');
      return false;
    } finally {
      timer.cancel();
      limit.abort(new Error('done'));
    }
  };

  const stop = async (parts: ShutdownParts, of: (pod: V1Pod) => boolean, untilMs: number): Promise<void> => {
    for (const one of parts.pods()) if (of(one.pod)) one.reconsider();
    while (elapsedMs() < untilMs && parts.pods().some(({ pod, alive }) => alive && of(pod))) await clock.sleep(lookMs);
  };

  return {
    get begun() {
      return startedMs !== undefined;
    },
    orderFor(pod) {
      if (startedMs === undefined) return undefined;
      const critical = isCritical(pod);
      const leftMs = (critical ? graceMs : ordinaryMs) - elapsedMs();
      const turn = stage === 'critical' || (stage === 'ordinary' && !critical);
      return { kind: turn ? 'stop' : 'hold', graceSeconds: Math.max(0, Math.ceil(leftMs / 1000)), told };
    },
    async run(parts) {
      if (startedMs !== undefined) return;
      startedMs = clock.monotonicMs();
      const all = parts.pods();
      if (all.some(({ pod, alive }) => alive && isCritical(pod))) ordinaryMs = graceMs * (1 - criticalShare);
      log.info({ pods: all.filter(({ alive }) => alive).length, graceMs }, 'the machine goes down: stopping its pods');
      // What is being started at this moment is thought over too.
      for (const one of all) one.reconsider();
      told = await within(announceMs, parts.announce);
      if (!told) log.warn({}, 'the server could not be told that the machine goes down');
      stage = 'ordinary';
      await stop(parts, (pod) => !isCritical(pod), ordinaryMs);
      stage = 'critical';
      await stop(parts, () => true, graceMs);
      const left = parts.pods().filter(({ alive }) => alive).length;
      if (told) await within(settleMs, async () => void (await Promise.all(parts.pods().map((one) => one.settled()))));
      log.info({ left, tookMs: Math.round(elapsedMs()) }, 'pods are stopped');
    },
  };
}

/** Kubernetes' lowest priority that is the system's own. */
const systemPriority = 2_000_000_000;
const systemClasses: readonly string[] = ['system-cluster-critical', 'system-node-critical'];

/** Other pods may need it until their end: it is stopped last. */
export const isCritical = ({ spec }: V1Pod): boolean =>
  (spec?.priority ?? 0) >= systemPriority || systemClasses.includes(spec?.priorityClassName ?? '');
