import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostSettings } from '#host/settings.ts';
import { createRouteMonitor, type WatchRoutes } from '#node-agent/network/route-monitor.ts';

/** Where nothing tells of changes, often enough that a machine whose address has changed is back within half a minute. */
const checkMs = 10_000;
/** Addresses and routes change in bursts. */
const settleMs = 500;
/** An address that stays for so long is no passing state of somebody who sets the network up anew. */
const confirmMs = 2_000;

/** How it is found out, for tests. */
export interface AddressWatch {
  readonly look: (settings: HostSettings) => Promise<HostSettings>;
  readonly watchRoutes: WatchRoutes;
}

/**
 * Resolves with the machine's new address once it has had it at two looks in a row, or with undefined when the signal
 * aborts. Looks when the kernel's addresses or routes change, and from time to time. Never for an address that somebody chose.
 */
export async function addressChange(
  settings: HostSettings,
  clock: Clock,
  signal: AbortSignal,
  // That there is no `ip monitor` is told by the pod network, which needs it more.
  { look, watchRoutes }: AddressWatch = {
    look: withCurrentAddress,
    watchRoutes: createRouteMonitor({ clock, log: createSilentLog() }),
  },
): Promise<string | undefined> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted || !settings.nodeAddressAuto) end();
  let changed = false;
  let wake = (): void => {};
  const watching = watchRoutes(() => {
    changed = true;
    wake();
  }, ending.signal);
  /** Ends early, once, when something changes in the kernel. */
  const pause = async (): Promise<void> => {
    if (!changed) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const sleeping = new AbortController();
      const stop = (): void => sleeping.abort();
      ending.signal.addEventListener('abort', stop, { once: true });
      await Promise.race([woken, clock.sleep(checkMs, sleeping.signal).catch(() => undefined)]);
      ending.signal.removeEventListener('abort', stop);
      stop();
    }
    if (changed) await clock.sleep(settleMs, ending.signal).catch(() => undefined);
    changed = false;
  };
  try {
    while (!ending.signal.aborted) {
      await pause();
      if (ending.signal.aborted) break;
      const { nodeAddress } = await look(settings);
      if (nodeAddress === settings.nodeAddress) continue;
      await clock.sleep(confirmMs, ending.signal).catch(() => undefined);
      if (!ending.signal.aborted && (await look(settings)).nodeAddress === nodeAddress) return nodeAddress;
    }
    if (!settings.nodeAddressAuto && !signal.aborted) await aborted(signal);
    return undefined;
  } finally {
    signal.removeEventListener('abort', end);
    end();
    await watching;
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Resolves when `isDue` says so, asked every `everyMs`, or when the signal aborts. */
export async function untilDue(
  isDue: () => boolean | Promise<boolean>,
  everyMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (!signal.aborted && (await isDue())) return true;
  }
  return false;
}
