import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createFaultyClient, type FaultMix } from '#client/testing/faults.ts';
import { createAgent } from '#node-agent/agent.ts';
import { createHollowHost } from '#node-agent/pods/hollow-host.ts';
import { createHollowTransport } from '#node-agent/probes/transport.ts';
import { createHollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import { createPlainImages } from '#node-agent/testing/fake-images.ts';

export interface MachineOptions {
  readonly name: string;
  /** Which machine it is: decides its addresses. */
  readonly index: number;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly mix: () => FaultMix;
}

/** A machine with a hollow runtime and the real agent on it. Its containers outlive its agent, but not the machine. */
export interface Machine {
  readonly name: string;
  readonly alive: boolean;
  /** The agent's process dies and is started again; the containers go on. */
  restartAgent(): Promise<void>;
  /** Power off: nothing of it is ever heard again. */
  die(): Promise<void>;
}

export function startMachine(options: MachineOptions): Machine {
  const { name, index, clock, random, log } = options;
  const runtime = createHollowRuntime({ clock, random, podCidr: `10.42.${index}.0/24` });
  const host = createHollowHost({ hostname: name });
  let agent = startAgent();
  let alive = true;

  function startAgent(): { stop(): Promise<void> } {
    const life = new AbortController();
    const client = createFaultyClient(options.client, { clock, random, mix: options.mix, process: life.signal });
    const recorder = createEventRecorder({
      client,
      clock,
      random,
      component: 'kubelet',
      host: name,
      signal: life.signal,
    });
    const running = createAgent({
      client,
      runtime,
      images: createPlainImages(runtime, clock),
      nodeName: name,
      host: { pods: host.pods, node: host.node },
      transport: createHollowTransport(),
      clock,
      random,
      log,
      recorder,
      settings: { nodeAddresses: [`192.0.2.${index + 1}`] },
    }).run(life.signal);
    return {
      async stop() {
        life.abort(new Error(`the agent of ${name} was killed`));
        await running;
      },
    };
  }

  return {
    name,
    get alive() {
      return alive;
    },
    async restartAgent() {
      if (!alive) return;
      await agent.stop();
      agent = startAgent();
    },
    async die() {
      alive = false;
      await agent.stop();
    },
  };
}
