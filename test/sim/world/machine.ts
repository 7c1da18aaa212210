import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createFaultyClient, type FaultMix } from '#client/testing/faults.ts';
import { type Agent, createAgent } from '#node-agent/agent.ts';
import type { AgentSettings } from '#node-agent/agent-settings.ts';
import { createMemoryBook } from '#node-agent/fence/book.ts';
import { createHollowHost } from '#node-agent/pods/hollow-host.ts';
import { createHollowTransport } from '#node-agent/probes/transport.ts';
import { createHollowRuntime } from '#node-agent/runtime/hollow/runtime.ts';
import type { ContainerRuntime } from '#node-agent/runtime/runtime.ts';
import { createPlainImages } from '#node-agent/testing/fake-images.ts';
import type { Containers } from './containers.ts';
import { createGate, gatedClock, gatedRuntime, skewedClock } from './gate.ts';
import { type Cut, createLink } from './link.ts';
import { runWatchdog } from './watchdog.ts';

export interface MachineOptions {
  readonly name: string;
  /** Which machine it is: decides its addresses. */
  readonly index: number;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly mix: () => FaultMix;
  readonly settings: AgentSettings;
  readonly skew: { readonly offsetMs: number; readonly rate: number };
  /** The world's own view of what runs. */
  readonly containers: Containers;
  /** What else a scenario wants of the machine. @default nothing */
  readonly attendant?: Attendant | undefined;
}

/** Another part of each agent's process, and a witness of what the agent does. */
export interface Attendant {
  /** Runs until the process ends. */
  run(process: AgentProcess): Promise<void>;
  /** A container is about to get SIGTERM. */
  onStop(machine: string, pod: { readonly namespace: string; readonly name: string; readonly uid: string }): void;
}

export interface AgentProcess {
  readonly machine: string;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lease: Agent['lease'];
  readonly signal: AbortSignal;
}

/** A machine with a hollow runtime and the real agent on it. Its containers outlive its agent, but not the machine. */
export interface Machine {
  readonly name: string;
  readonly alive: boolean;
  /** Since when it has been alive, its agent running and its way to the server whole; undefined: it is not. */
  readonly wellSinceMs: number | undefined;
  /** The agent's process dies and is started again; the containers go on. */
  restartAgent(): Promise<void>;
  /** The agent's process dies; nobody starts it again before `startAgent`. */
  killAgent(): Promise<void>;
  startAgent(): void;
  /** SIGSTOP and SIGCONT. */
  pauseAgent(): void;
  resumeAgent(): void;
  /** Which packets between it and the server are lost. */
  cutOff(cut: Cut): void;
  /** As by its own init: the agent stops the pods, then the power goes. Resolves when it is off. */
  shutDown(): Promise<void>;
  /** Power off: nothing of it is heard until it boots. */
  die(): Promise<void>;
  boot(): void;
}

export function startMachine(options: MachineOptions): Machine {
  const { name, index, random, log, containers } = options;
  const clock = skewedClock(options.clock, options.skew);
  const runtime = createHollowRuntime({
    clock,
    random,
    podCidr: `10.42.${index}.0/24`,
    observe: ({ containerId }) => containers.see(name, containerId, runtime.containers.get(containerId)),
  });
  const host = createHollowHost({ hostname: name });
  const link = createLink(options.client, options.clock, random);
  let bootedMs = clock.monotonicMs();
  const book = createMemoryBook(() => clock.monotonicMs() - bootedMs);
  let power = new AbortController();
  let agent: ReturnType<typeof runAgent> | undefined;
  let alive = false;
  let wellSinceMs: number | undefined;

  function runAgent() {
    const life = new AbortController();
    const gate = createGate();
    const own = gatedClock(clock, gate);
    const { mix } = options;
    const client = createFaultyClient(link.client(life.signal), { clock: own, random, mix, process: life.signal });
    const recorder = createEventRecorder({
      client,
      clock: own,
      random,
      component: 'kubelet',
      host: name,
      signal: life.signal,
    });
    const { attendant } = options;
    const hollow = witnessed(gatedRuntime(runtime, gate), attendant);
    const made = createAgent({
      client,
      runtime: hollow,
      images: createPlainImages(hollow, own),
      nodeName: name,
      host: { pods: host.pods, node: host.node },
      transport: createHollowTransport(),
      clock: own,
      random,
      log,
      recorder,
      fenceBook: book,
      onContact: link.reset,
      settings: { ...options.settings, nodeAddresses: [`192.0.2.${index + 1}`] },
    });
    const process = { machine: name, client, clock: own, random, log, lease: made.lease, signal: life.signal };
    const running = Promise.all([made.run(life.signal), attendant?.run(process)]);
    return {
      get paused() {
        return !gate.open;
      },
      shutDown: made.shutDown,
      pause: gate.stop,
      resume: gate.goOn,
      async stop() {
        life.abort(new Error(`the agent of ${name} was killed`));
        gate.goOn();
        await running;
      },
    };
  }

  function witnessed(inner: ContainerRuntime, witness: Attendant | undefined): ContainerRuntime {
    if (!witness) return inner;
    return {
      ...inner,
      stopContainer(id, graceSeconds, signal) {
        const container = runtime.containers.get(id);
        if (container?.status.state === 'running') witness.onStop(name, container.sandbox.pod);
        return inner.stopContainer(id, graceSeconds, signal);
      },
    };
  }

  const lookWell = (): void => {
    const well = alive && agent !== undefined && !agent.paused && link.cut === 'none';
    if (!well) wellSinceMs = undefined;
    else wellSinceMs ??= options.clock.now();
  };

  const stopAgent = async (): Promise<void> => {
    const stopping = agent;
    agent = undefined;
    lookWell();
    await stopping?.stop();
  };

  const startAgent = (): void => {
    if (alive) agent ??= runAgent();
    lookWell();
  };

  const boot = (): void => {
    if (alive) return;
    alive = true;
    bootedMs = clock.monotonicMs();
    book.clear();
    power = new AbortController();
    void runWatchdog(book, runtime, clock, power.signal);
    startAgent();
  };

  const die = async (): Promise<void> => {
    alive = false;
    power.abort(new Error('power off'));
    // First of all, so that it tells nobody what it sees of the end.
    const stopped = stopAgent();
    for (const id of runtime.sandboxes.keys()) runtime.failSandbox(id);
    for (const id of runtime.containers.keys()) runtime.exitContainer(id, lostCode);
    await stopped;
  };

  boot();
  return {
    name,
    get alive() {
      return alive;
    },
    get wellSinceMs() {
      return wellSinceMs;
    },
    async restartAgent() {
      await stopAgent();
      startAgent();
    },
    killAgent: stopAgent,
    startAgent,
    pauseAgent() {
      agent?.pause();
      lookWell();
    },
    resumeAgent() {
      agent?.resume();
      lookWell();
    },
    cutOff(cut) {
      link.cut = cut;
      lookWell();
    },
    async shutDown() {
      await agent?.shutDown();
      await die();
    },
    die,
    boot,
  };
}

/** What runtimes say of a container that was running when the power went. */
const lostCode = 255;
