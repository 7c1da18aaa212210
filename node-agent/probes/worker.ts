import type { V1Probe } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { type ProbeMeans, type ProbeResult, type ProbeTarget, runProbe } from './handler.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProbeOptions extends ProbeMeans {
  readonly kind: ProbeKind;
  readonly probe: V1Probe;
  readonly target: ProbeTarget;
  /** When the container started. */
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Not to ask yet: the container has a startup probe that has not passed. */
  readonly held: () => boolean;
  /** The verdict after thresholds, whenever it changes. */
  readonly onVerdict: (ok: boolean) => void;
  /** Every failed probe. */
  readonly onFailure: (result: ProbeResult) => void;
}

/** Asks again and again until the signal aborts. A startup probe ends by itself with its first verdict. */
export async function runProbeWorker(options: ProbeOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, probe, kind } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const successesNeeded = kind === 'readiness' ? (probe.successThreshold ?? 1) : 1;
  const failuresNeeded = probe.failureThreshold ?? 3;
  const initialDelayMs = (probe.initialDelaySeconds ?? 0) * 1000;
  let successes = 0;
  let failures = 0;
  let verdict: boolean | undefined;
  try {
    // Where the clock was set back since the start, no longer than from now.
    const untilFirstMs = Math.min(options.startedAtMs - clock.now(), 0) + initialDelayMs;
    if (untilFirstMs > 0) await clock.sleep(untilFirstMs, signal);
    // After the agent has restarted, the probes of all its containers are not to fall on the same moment.
    else if (clock.now() - options.startedAtMs > periodMs) await clock.sleep(random.next() * periodMs, signal);
    for (;;) {
      while (options.held()) await clock.sleep(Math.min(periodMs, heldPollMs), signal);
      const result = await runProbe(probe, options.target, options, signal);
      if (signal.aborted) return;
      successes = result.ok ? successes + 1 : 0;
      failures = result.ok ? 0 : failures + 1;
      if (!result.ok) options.onFailure(result);
      const now = result.ok
        ? successes >= successesNeeded
          ? true
          : verdict
        : failures >= failuresNeeded
          ? false
          : verdict;
      if (now !== undefined && now !== verdict) {
        verdict = now;
        options.onVerdict(now);
        if (kind === 'startup' || (kind === 'liveness' && !now)) return;
      }
      await clock.sleep(periodMs, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** How soon the other probes begin after the startup probe has passed. */
const heldPollMs = 1_000;
