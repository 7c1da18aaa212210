/** Crash back-off as Kubernetes: at once, 10 s, 20 s … 5 min; forgotten after 10 min of running. */
export const backOffInitialMs = 10_000;
export const backOffMaxMs = 300_000;
export const backOffResetMs = 600_000;

export interface EndedRun {
  /** What was noted on the container when it was made: the delay that follows its failure. 0 for a first one. */
  readonly backOffMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** How long after `finishedAtMs` the next container may start. */
export function restartDelayMs(run: EndedRun): number {
  const ranMs = run.startedAtMs > 0 ? run.finishedAtMs - run.startedAtMs : 0;
  return ranMs >= backOffResetMs ? 0 : run.backOffMs;
}

/** What to note on the container that follows `run`. */
export function nextBackOffMs(run: EndedRun): number {
  const delayMs = restartDelayMs(run);
  return delayMs === 0 ? backOffInitialMs : Math.min(delayMs * 2, backOffMaxMs);
}

/** Delay before attempt `failures + 1` of something that failed `failures` times in a row. */
export function retryDelayMs(failures: number, initialMs = 500, maxMs = 60_000): number {
  return Math.min(initialMs * 2 ** Math.max(0, failures - 1), maxMs);
}

/** Of a step of a pod that failed. Nothing is given up, and nothing is left alone for longer. */
export const stepRetryMaxMs = 20_000;

/** A time to wait for that lies no further ahead than `longestMs`, or now: a clock that was set back must not make anything wait. */
export const withinMs = (atMs: number, nowMs: number, longestMs: number): number =>
  atMs > nowMs + longestMs ? nowMs : atMs;

/** `10s`, `1m20s`, `5m0s`: a duration as Go prints it, whole seconds. */
export function formatSeconds(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
