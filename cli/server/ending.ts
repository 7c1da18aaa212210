import type { Log } from '#base/log.ts';
import { isMachineStopping } from '#host/processes/systemd/machine-stop.ts';

/** The end of a process of ours: at once, unless its machine goes down too. */
export interface Ending {
  /** Aborts when everything is to end. */
  readonly signal: AbortSignal;
  /** What is done before that when the whole machine goes down. Bounded by whoever does it. */
  onMachineStop(work: () => Promise<void>): void;
  /** Ends all, to be started again. Does nothing once it has ended. */
  end(why: string | Error): void;
}

/** `asked` aborts when somebody wants the process to end. */
export function createEnding(
  asked: AbortSignal,
  log: Log,
  machineStops: () => Promise<boolean> = () => isMachineStopping(),
): Ending {
  const ending = new AbortController();
  const works: (() => Promise<void>)[] = [];

  const endGently = async (): Promise<void> => {
    try {
      if (works.length > 0 && (await machineStops())) await Promise.all(works.map((work) => work()));
    } catch (error) {
      log.warn({ err: error }, 'not all was stopped before the end');
    } finally {
      ending.abort(asked.reason);
    }
  };

  if (asked.aborted) ending.abort(asked.reason);
  else asked.addEventListener('abort', () => void endGently(), { once: true });
  return {
    signal: ending.signal,
    onMachineStop: (work) => void works.push(work),
    end(why) {
      // Somebody is ending it already, and knows why.
      if (asked.aborted || ending.signal.aborted) return;
      if (typeof why === 'string') log.info({ why }, 'starting again');
      ending.abort(why instanceof Error ? why : new Error(why));
    },
  };
}
