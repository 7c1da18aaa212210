import type { Clock } from '#base/clock.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostSettings } from '#host/settings.ts';

/** Often enough that a machine whose address has changed is back within half a minute. */
const checkMs = 10_000;

/**
 * Resolves with the machine's new address once it has had it at two looks in a row, or with undefined when the signal
 * aborts. Never for an address that somebody chose.
 */
export async function addressChange(
  settings: HostSettings,
  clock: Clock,
  signal: AbortSignal,
  look: (settings: HostSettings) => Promise<HostSettings> = withCurrentAddress,
): Promise<string | undefined> {
  let seen = settings.nodeAddress;
  while (!signal.aborted) {
    await clock.sleep(checkMs, signal).catch(() => undefined);
    if (signal.aborted) break;
    const { nodeAddress } = await look(settings);
    if (nodeAddress !== settings.nodeAddress && nodeAddress === seen) return nodeAddress;
    seen = nodeAddress;
  }
  return undefined;
}

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
