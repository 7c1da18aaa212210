import { namespaces } from '#api/kinds.ts';
import { createSilentLog, type Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createApiCore } from '#control-plane/apiserver/core.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';

/** A real API core with all kinds, on a memory store and a virtual clock; one seed replays it. */
export interface VirtualCore {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly log: Log;
  /** May do everything. */
  readonly client: ApiClient;
  /** Aborts when the core stops. */
  readonly signal: AbortSignal;
  /** Waits for what else runs by the signal, too. */
  stop(...running: readonly Promise<unknown>[]): Promise<void>;
}

/** Has the namespace `default`. */
export async function startVirtualCore(seed = 1): Promise<VirtualCore> {
  const clock = createVirtualClock();
  const random = createSeededRandom(seed);
  const log = createSilentLog();
  const life = new AbortController();
  const { signal } = life;
  const store = createMemoryStore({ clock });
  const core = createApiCore({ store, definitions: builtInDefinitions(), clock, random, log });
  await core.start(signal);
  const client = core.client({ name: 'system:admin', groups: ['system:masters'] });
  await client.create(namespaces, { metadata: { name: 'default' } });
  return {
    clock,
    random,
    log,
    client,
    signal,
    async stop(...running) {
      life.abort(new Error('the test is over'));
      await Promise.all([...running, core.stopped()]);
      await store.close();
    },
  };
}
