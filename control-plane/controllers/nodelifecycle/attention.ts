import type { V1Lease } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';

/**
 * Time during which the observer would have seen a sign of life, had there been one. It goes on only while its own writes come back
 * to it by the watch, and never faster than it asked: a process that was stalled, a disk that does not sync, or a watch that is
 * dead makes it stand still, and nobody is declared dead for that.
 */
export interface Attention {
  readonly elapsedMs: number;
  /** Looks only while somebody is waited for; five writes per second would be too much for a quiet cluster. */
  run(isNeeded: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface AttentionOptions {
  readonly client: ApiClient;
  readonly leases: Informer<V1Lease>;
  readonly clock: Clock;
  readonly log: Log;
}

const key = { namespace: 'kube-system', name: 'berth-node-observer' };
const stepMs = 200;
/** A round that takes longer than this counts no more than it. */
const promptMs = 100;
const roundMaxMs = 10_000;

export function createAttention({ client, leases: cache, clock, log }: AttentionOptions): Attention {
  let elapsedMs = 0;
  let serial = 0;
  let held: Stored<V1Lease> | undefined;

  const write = async (renewTime: string, signal: AbortSignal): Promise<void> => {
    const spec = { holderIdentity: 'node-controller', leaseDurationSeconds: 1, renewTime };
    const options = { signal };
    try {
      held ??= await client.get(leases, key, options);
      held = await client.update(leases, { ...held, spec }, options);
    } catch (error) {
      held = undefined;
      if (!isNotFound(error)) throw error;
      held = await client.create(leases, { metadata: key, spec }, options);
    }
  };

  /** Resolves when the cache shows what was written. */
  const seen = (renewTime: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = ({ metadata, spec }: Stored<V1Lease>): void => {
        if (metadata.name === key.name && metadata.namespace === key.namespace && spec?.renewTime === renewTime) end();
      };
      const onAbort = (): void => {
        remove();
        reject(signal.reason);
      };
      const end = (): void => {
        signal.removeEventListener('abort', onAbort);
        remove();
        resolve();
      };
      let remove = (): void => {};
      signal.addEventListener('abort', onAbort, { once: true });
      const removal = cache.addHandler({ onUpdate: look, onAdd: (lease) => look(lease) });
      remove = removal;
      if (signal.aborted) onAbort();
    });

  const round = async (signal: AbortSignal): Promise<void> => {
    const renewTime = `${new Date(clock.now()).toISOString().slice(0, -1)}${String(serial++ % 1000).padStart(3, '0')}Z`;
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    const limit = clock.setTimer(roundMaxMs, () => controller.abort(new Error(`not seen within ${roundMaxMs} ms`)));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const echo = seen(renewTime, controller.signal);
      echo.catch(() => undefined);
      await write(renewTime, controller.signal);
      await echo;
    } finally {
      limit.cancel();
      controller.abort(new Error('the round has ended'));
      signal.removeEventListener('abort', onAbort);
    }
  };

  return {
    get elapsedMs() {
      return elapsedMs;
    },
    async run(isNeeded, signal) {
      while (!signal.aborted) {
        const startedMs = clock.monotonicMs();
        await clock.sleep(stepMs, signal).catch(() => undefined);
        if (signal.aborted || !isNeeded()) continue;
        const sleptMs = clock.monotonicMs() - startedMs;
        try {
          await round(signal);
          const roundMs = clock.monotonicMs() - startedMs - sleptMs;
          elapsedMs += Math.min(sleptMs, stepMs) + Math.min(roundMs, promptMs);
        } catch (error) {
          if (signal.aborted) return;
          if (!isConflict(error) && !isAlreadyExists(error)) log.warn({ err: error }, 'cannot watch over the nodes');
        }
      }
    },
  };
}
