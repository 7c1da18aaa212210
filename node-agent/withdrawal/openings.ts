import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import { NetworkError, type RunCommand, runCommand } from '../network/commands.ts';

/**
 * TCP connections that a withdrawn endpoint has not taken yet. The kernel remembers where the first packet of a connection went, so
 * that a client whose first packet was lost or dropped would try again, a second later, at an endpoint that has ended by then.
 * Forgotten, it tries at another one.
 */
export interface Openings {
  /** The rules lead nobody to these addresses any more. */
  forget(addresses: readonly string[]): void;
  /** Resolves when nothing is under way. */
  close(): Promise<void>;
}

export interface OpeningsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** @default the real thing */
  readonly run?: RunCommand | undefined;
}

/** Whoever is about to be answered needs a moment; clients try again after a second at the earliest. */
const answerMs = 100;
/** When more go at once, they get no help: each costs a look through all that the kernel remembers. */
const addressesMax = 100;

export function createOpenings({ clock, log, run = runCommand }: OpeningsOptions): Openings {
  const due = new Map<string, number>();
  const controller = new AbortController();
  let working: Promise<void> | undefined;

  const forgetOne = async (address: string): Promise<void> => {
    try {
      await run('conntrack', ['-D', '-f', 'ipv4', '-p', 'tcp', '--state', 'SYN_SENT', '--reply-src', address]);
      log.info({ address }, 'connections that a withdrawn endpoint had not taken were freed to go elsewhere');
    } catch (error) {
      // That there were none is how it says that it has nothing to do.
      if (error instanceof NetworkError && error.message.includes('0 flow entries')) return;
      log.warn({ address, why: messageOf(error) }, 'connections to a withdrawn endpoint could not be freed');
    }
  };

  const work = async (): Promise<void> => {
    for (const [address, dueMs] of due) {
      if (controller.signal.aborted) break;
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), controller.signal).catch(() => undefined);
      due.delete(address);
      if (!controller.signal.aborted) await forgetOne(address);
    }
    working = undefined;
  };

  return {
    forget(addresses) {
      for (const address of addresses) {
        if (address.includes(':') || due.has(address) || due.size >= addressesMax) continue;
        due.set(address, clock.monotonicMs() + answerMs);
      }
      if (due.size > 0 && !controller.signal.aborted) working ??= work();
    },
    async close() {
      controller.abort();
      await working;
    },
  };
}
