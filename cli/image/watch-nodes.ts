import { nodes as nodeType } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { ApiClient } from '#client/api-client.ts';
import { NodeError } from './node-client.ts';
import { isReady } from './nodes.ts';

const everyMs = 3_000;
const failuresMax = 3;
/** A machine that is only busy, with what it is being sent for instance, is silent for a moment too. */
const silentLooksMax = 5;

/**
 * Aborts what is sent to a node that has not been Ready for a while (12 s): a machine that has lost its power never answers, and does not
 * refuse either. When the API server itself is gone, everything is aborted. Runs until the signal aborts.
 */
export async function watchNodes(
  client: ApiClient,
  sending: ReadonlyMap<string, AbortController>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const silentLooks = new Map<string, number>();
  for (let failures = 0; !signal.aborted; ) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { items } = await client.list(nodeType, { signal });
      failures = 0;
      const ready = new Set(items.filter(isReady).map(({ metadata }) => metadata.name));
      for (const [name, controller] of sending) {
        silentLooks.set(name, ready.has(name) ? 0 : (silentLooks.get(name) ?? 0) + 1);
        if (silentLooks.get(name) === silentLooksMax)
          controller.abort(new NodeError(503, 'the node is not Ready any more'));
      }
    } catch (error) {
      failures += 1;
      if (failures < failuresMax || signal.aborted) continue;
      for (const controller of sending.values()) controller.abort(new NodeError(503, messageOf(error), error));
    }
  }
}
