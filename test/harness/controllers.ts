/** All controllers on a real API core, a memory store and a virtual clock; no nodes and no scheduler. */
import { namespaces } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createApiCore } from '#control-plane/apiserver/core.ts';
import { createControllers } from '#control-plane/controllers/all.ts';
import type { ControllerSettings } from '#control-plane/controllers/settings.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';

export interface TestControllers {
  readonly clock: VirtualClock;
  readonly client: ApiClient;
  /** Waits for a request, giving it the virtual time that it needs. */
  done<T>(request: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Has the namespace `default`. */
export async function startTestControllers(settings: ControllerSettings = {}): Promise<TestControllers> {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const life = new AbortController();
  const store = createMemoryStore({ clock });
  const core = createApiCore({ store, definitions: builtInDefinitions(), clock, random, log });
  await core.start(life.signal);
  const client = core.client({ name: 'system:admin', groups: ['system:masters'] });
  await client.create(namespaces, { metadata: { name: 'default' } });
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = (component: string) =>
    createEventRecorder({ client, clock, random, component, signal: life.signal });
  const parts = createControllers({ client, informers, clock, random, log, recorder, settings });
  informers.start(life.signal);
  const running = Promise.all(parts.map((part) => part.run(life.signal)));
  await clock.advance(100);
  return {
    clock,
    client,
    async done(request) {
      await clock.advance(100);
      return request;
    },
    async stop() {
      life.abort(new Error('the test is over'));
      await Promise.all([running, informers.stopped(), core.stopped()]);
      await store.close();
    },
  };
}
