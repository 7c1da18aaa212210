import type { ClusterConfig } from '#api/cluster-config.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createFaultyClient, type FaultMix, noFaults } from '#client/testing/faults.ts';
import {
  createLostNodeTolerations,
  lostNodeSeconds,
} from '#control-plane/apiserver/admission/lost-node-tolerations.ts';
import { createApiCore } from '#control-plane/apiserver/core.ts';
import { createControllers } from '#control-plane/controllers/all.ts';
import type { ControllerSettings } from '#control-plane/controllers/settings.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createScheduler } from '#control-plane/scheduler/scheduler.ts';
import type { Store } from '#control-plane/store/store.ts';
import { createGate, gatedClient, gatedClock } from './gate.ts';
import type { History } from './history.ts';
import { createLinearClient } from './linear-client.ts';

export interface SimServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly history: () => History;
  readonly mix: () => FaultMix;
  readonly settings: ControllerSettings;
  readonly cluster: Pick<ClusterConfig, 'evictSeconds'>;
}

/** One process with the API server, the scheduler and the controllers; it starts from what the store holds, and ends in a moment. */
export interface SimServer {
  /** The API as others reach it: without faults, those belong to their own network. */
  readonly client: ApiClient;
  /** As kill -9 does: whatever was under way in the process goes no further. */
  crash(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

const admin = { name: 'system:admin', groups: ['system:masters'] };

export async function startServer(options: SimServerOptions): Promise<SimServer> {
  const { store, random, log, mix } = options;
  const life = new AbortController();
  const gate = createGate();
  const clock = gatedClock(options.clock, gate);
  const core = createApiCore({
    store,
    definitions: builtInDefinitions(),
    clock,
    random,
    log,
    admission: [createLostNodeTolerations(lostNodeSeconds(options.cluster))],
  });
  await core.start(life.signal);
  const plain = createLinearClient(core.client(admin), options.history);
  const client = createFaultyClient(plain, { clock, random, mix, process: life.signal });
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = (component: string) =>
    createEventRecorder({ client, clock, random, component, log, signal: life.signal });
  const parts = [
    ...createControllers({ client, informers, clock, random, log, recorder, settings: options.settings }),
    createScheduler({ client, informers, clock, random, log, recorder: recorder('default-scheduler') }),
  ];
  informers.start(life.signal);
  const running = Promise.all(parts.map((part) => part.run(life.signal)));
  return {
    client: gatedClient(createFaultyClient(plain, { clock, random, mix: () => noFaults, process: life.signal }), gate),
    pause: gate.stop,
    resume: gate.goOn,
    async crash() {
      gate.goOn();
      life.abort(new Error('the server process was killed'));
      await Promise.all([running, informers.stopped(), core.stopped()]);
    },
  };
}
