/** A strict container runtime in memory, for simulation, fleets of thousands of nodes, and tests. */
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { RuntimeError } from '../errors.ts';
import { createEventQueue, type EventQueue } from '../event-queue.ts';
import type { ContainerRuntime, ExecResult, RuntimeEvent, RuntimeStatus } from '../runtime.ts';
import { type AddressPool, createAddressPool } from './addresses.ts';
import { createCallBook, type HollowCall, type Method } from './calls.ts';
import { createImageShelf } from './image-shelf.ts';
import { createWorld, type HollowContainer, type HollowSandbox } from './world.ts';

/** Virtual milliseconds per call; calls without an entry answer at once. */
export type HollowDurations = Readonly<Partial<Record<Method, number>>>;

export interface HollowRuntimeOptions {
  readonly clock: Clock;
  /** Spreads each duration by a tenth either way, so that a fleet does not move in step. Without it all are exact. */
  readonly random?: Random | undefined;
  readonly durations?: HollowDurations | undefined;
  /** Where pods' addresses come from; asked for at the first pod. */
  readonly podCidr?: string | (() => string) | undefined;
  /** False: images must be pulled before they are there. @default true */
  readonly imagesPresent?: boolean | undefined;
  readonly missingImages?: readonly string[] | undefined;
  /** What a command in a container answers; undefined leaves it to the container's program. */
  readonly exec?: HollowExec | undefined;
  /** Sees everything that happens in the moment it does, whoever else is told. */
  readonly observe?: ((event: RuntimeEvent) => void) | undefined;
  /** How many calls the log keeps. @default 10000 */
  readonly callsMax?: number | undefined;
}

export type HollowExec = (
  container: HollowContainer,
  command: readonly string[],
) => ExecResult | RuntimeError | undefined;

export interface HollowRuntime extends ContainerRuntime {
  readonly calls: readonly HollowCall[];
  /** By id; those that have ended, too. */
  readonly containers: ReadonlyMap<string, HollowContainer>;
  readonly sandboxes: ReadonlyMap<string, HollowSandbox>;
  /** The next call of `method` fails: before it does anything, or after it did everything. */
  injectError(method: Method, error: Error, moment?: 'before' | 'after'): void;
  setStatus(status: RuntimeStatus): void;
  setExec(exec: HollowExec | undefined): void;
  setImageMissing(image: string, missing: boolean): void;
  /** As if the program ended by itself, or (137, `OOMKilled`) was killed. */
  exitContainer(containerId: string, exitCode: number, reason?: string): void;
  /** As if the sandbox's own process died. */
  failSandbox(sandboxId: string): void;
  /** Ends every subscription to events with `unavailable`, as a restart of containerd does. */
  disconnect(): void;
  /** Whether the container's program serves (what a probe sees); false when it does not run. */
  isServing(containerId: string): boolean;
}

export const hollowDurations: HollowDurations = {
  runSandbox: 80,
  createContainer: 8,
  startContainer: 40,
  stopSandbox: 20,
  removeSandbox: 10,
  removeContainer: 5,
  pullImage: 500,
  execSync: 20,
};

/** How long a program takes to end at SIGTERM. */
const terminationMs = 10;
const terminatedCode = 143;
const killedCode = 137;
const queuedEventsMax = 10_000;
const containerMemoryBytes = 8 * 2 ** 20;

export function createHollowRuntime(options: HollowRuntimeOptions): HollowRuntime {
  const { clock, random } = options;
  const durations = { ...hollowDurations, ...options.durations };
  const book = createCallBook(options.callsMax ?? 10_000);
  const shelf = createImageShelf(options.imagesPresent ?? true);
  for (const image of options.missingImages ?? []) shelf.setMissing(image, true);
  const readers = new Set<EventQueue<RuntimeEvent>>();
  let pool: AddressPool | undefined;
  let exec = options.exec;
  let status: RuntimeStatus = { runtimeReady: true, networkReady: true, message: '' };

  const addresses = (): AddressPool => {
    const cidr = options.podCidr ?? '10.42.0.0/24';
    pool ??= createAddressPool(typeof cidr === 'string' ? cidr : cidr());
    return pool;
  };
  const world = createWorld(clock, addresses, (event) => {
    options.observe?.(event);
    for (const reader of readers) reader.push(event);
  });

  /** Every method goes through here: log, injected fault, duration, effect, injected loss of the answer. */
  const perform = async <T>(
    method: Method,
    subject: string,
    signal: AbortSignal | undefined,
    effect: () => T | Promise<T>,
  ): Promise<T> => {
    book.record({ method, subject, atMs: clock.now() });
    const fault = book.takeError(method, 'before');
    if (fault) throw fault;
    const spread = random ? 0.9 + random.next() * 0.2 : 1;
    await pause((durations[method] ?? 0) * spread, signal);
    const result = await effect();
    const loss = book.takeError(method, 'after');
    if (loss) throw loss;
    return result;
  };

  const pause = async (delayMs: number, signal: AbortSignal | undefined): Promise<void> => {
    if (!signal?.aborted && delayMs === 0) return;
    try {
      await clock.sleep(delayMs, signal);
    } catch (error) {
      throw new RuntimeError('failed', 'the call was given up', error);
    }
  };

  const terminate = async (id: string, graceMs: number, signal: AbortSignal | undefined): Promise<void> => {
    const found = world.containers.get(id);
    if (found?.status.state !== 'running') return;
    const obeys = !found.program.ignoresTerm && graceMs > 0;
    await pause(obeys ? Math.min(terminationMs, graceMs) : graceMs, signal);
    world.exitContainer(id, obeys ? terminatedCode : killedCode);
  };

  const isServing = (id: string): boolean => {
    const found = world.containers.get(id);
    return found?.status.state === 'running' && clock.now() >= found.status.startedAtMs + found.program.readyAfterMs;
  };

  const runCommand = (id: string, command: readonly string[]): ExecResult => {
    const found = world.container(id);
    if (found.status.state !== 'running') throw new RuntimeError('failed', `container "${id}" is not running`);
    const answer = exec?.(found, command);
    if (answer instanceof RuntimeError) throw answer;
    return answer ?? { exitCode: isServing(id) ? 0 : 1, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  };

  const noStreaming = async (): Promise<never> => {
    throw new RuntimeError('failed', 'a hollow runtime has no processes to stream to');
  };

  return {
    calls: book.calls,
    containers: world.containers,
    sandboxes: world.sandboxes,
    injectError: book.injectError,
    setStatus: (next) => {
      status = next;
    },
    setExec: (next) => {
      exec = next;
    },
    setImageMissing: shelf.setMissing,
    exitContainer: world.exitContainer,
    failSandbox: world.stopSandbox,
    isServing,
    disconnect() {
      for (const reader of readers) reader.end(new RuntimeError('unavailable', 'the runtime went away'));
    },

    version: (signal) => perform('version', '', signal, () => ({ name: 'hollow', version: '1' })),
    status: (signal) => perform('status', '', signal, () => status),
    async *events(signal) {
      const queue = createEventQueue<RuntimeEvent>(queuedEventsMax);
      readers.add(queue);
      try {
        yield* queue.read(signal);
      } finally {
        readers.delete(queue);
      }
    },
    async close() {
      for (const reader of readers) reader.end();
    },

    runSandbox: (config, signal) =>
      perform('runSandbox', `${config.pod.namespace}/${config.pod.name}`, signal, () => world.addSandbox(config)),
    stopSandbox: (id, signal) =>
      perform('stopSandbox', id, signal, () => (world.sandboxes.has(id) ? world.stopSandbox(id) : undefined)),
    removeSandbox: (id, signal) =>
      perform('removeSandbox', id, signal, () => (world.sandboxes.has(id) ? world.removeSandbox(id) : undefined)),
    listSandboxes: (signal) =>
      perform('listSandboxes', '', signal, () =>
        [...world.sandboxes.values()].map((sandbox) => ({ ...sandbox.status, ips: [] })),
      ),
    sandboxStatus: (id, signal) => perform('sandboxStatus', id, signal, () => world.sandbox(id).status),

    createContainer: (sandboxId, config, sandbox, signal) =>
      perform('createContainer', `${sandbox.pod.namespace}/${sandbox.pod.name}/${config.name}`, signal, () => {
        const image = shelf.find(config.image);
        if (!image) throw new RuntimeError('not-found', `image "${config.image}" is not on this machine`);
        return world.addContainer(sandboxId, config, sandbox, image.repoDigests[0] ?? image.id);
      }),
    startContainer: (id, signal) => perform('startContainer', id, signal, () => world.startContainer(id)),
    stopContainer: (id, gracePeriodSeconds, signal) =>
      perform('stopContainer', id, signal, () => terminate(id, gracePeriodSeconds * 1000, signal)),
    removeContainer: (id, signal) =>
      perform('removeContainer', id, signal, () => (world.containers.has(id) ? world.removeContainer(id) : undefined)),
    listContainers: (signal) =>
      perform('listContainers', '', signal, () => [...world.containers.values()].map((container) => container.status)),
    containerStatus: (id, signal) => perform('containerStatus', id, signal, () => world.container(id).status),
    updateContainerResources: (id, _resources, signal) =>
      perform('updateContainerResources', id, signal, () => void world.container(id)),
    reopenLog: (id, signal) =>
      perform('reopenLog', id, signal, () => {
        if (world.container(id).status.state !== 'running') {
          throw new RuntimeError('failed', `container "${id}" is not running`);
        }
      }),
    execSync: (id, command, _timeoutSeconds, signal) => perform('execSync', id, signal, () => runCommand(id, command)),
    execUrl: noStreaming,
    attachUrl: noStreaming,
    portForwardUrl: noStreaming,
    containerStats: (signal) =>
      perform('containerStats', '', signal, () =>
        [...world.containers.values()]
          .filter((container) => container.status.state === 'running')
          .map((container) => ({
            containerId: container.status.id,
            podUid: container.sandbox.pod.uid,
            name: container.status.name,
            timestampMs: clock.now(),
            // One percent of one CPU.
            cpuUsageNanoseconds: (clock.now() - container.status.startedAtMs) * 10_000,
            memoryWorkingSetBytes: containerMemoryBytes,
            writableLayerBytes: 0,
          })),
      ),

    imageStatus: (image, signal) => perform('imageStatus', image, signal, () => shelf.find(image)),
    pullImage: (image, _auth, signal) =>
      perform('pullImage', image, signal, () => {
        const pulled = shelf.pull(image);
        return pulled.repoDigests[0] ?? pulled.id;
      }),
    listImages: (signal) => perform('listImages', '', signal, () => shelf.list()),
    removeImage: (image, signal) => perform('removeImage', image, signal, () => shelf.remove(image)),
    imageFsUsage: (signal) =>
      perform('imageFsUsage', '', signal, () => {
        const usedBytes = shelf.list().reduce((sum, image) => sum + image.sizeBytes, 0);
        return { mountpoint: '/hollow', usedBytes, inodesUsed: shelf.list().length };
      }),
  };
}
