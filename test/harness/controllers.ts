/** All controllers on a real API core, a memory store and a virtual clock; no nodes and no scheduler. */
import type { VirtualClock } from '#base/virtual/clock.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createControllers } from '#control-plane/controllers/all.ts';
import type { ControllerSettings } from '#control-plane/controllers/settings.ts';
import { startVirtualCore } from './virtual-core.ts';

export interface TestControllers {
  readonly clock: VirtualClock;
  readonly client: ApiClient;
  /** Waits for a request, giving it the virtual time that it needs. */
  done<T>(request: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Has the namespace `default`. */
export async function startTestControllers(settings: ControllerSettings = {}): Promise<TestControllers> {
  const core = await startVirtualCore();
  const { clock, random, log, client, signal } = core;
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = (component: string) => createEventRecorder({ client, clock, random, component, signal });
  const parts = createControllers({ client, informers, clock, random, log, recorder, settings });
  informers.start(signal);
  const running = Promise.all(parts.map((part) => part.run(signal)));
  await clock.advance(100);
  return {
    clock,
    client,
    async done(request) {
      await clock.advance(100);
      return request;
    },
    stop: () => core.stop(running, informers.stopped()),
  };
}
