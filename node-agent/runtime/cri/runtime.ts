import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { RuntimeServiceService } from '#proto/generated/cri/runtime.ts';
import { isRuntimeError } from '../errors.ts';
import { takeSnapshot } from '../relist.ts';
import type { ContainerRuntime } from '../runtime.ts';
import { createConnection } from './connection.ts';
import { createCriContainers } from './containers.ts';
import { createEventSource } from './events.ts';
import { fromStatus } from './from-cri.ts';
import { createCriImages } from './images.ts';
import { createCriSandboxes } from './sandboxes.ts';
import { timeouts } from './timeouts.ts';

export interface CriRuntimeOptions {
  /** Path of containerd's (or CRI-O's) unix socket. It need not exist yet. */
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A container runtime behind the Container Runtime Interface. Connects at the first call and again after every loss. */
export function createCriRuntime({ socketPath, clock, log }: CriRuntimeOptions): ContainerRuntime {
  const connection = createConnection(socketPath, clock);
  const sandboxes = createCriSandboxes(connection);
  const containers = createCriContainers(connection);
  const closing = new AbortController();

  const source = createEventSource({
    connection,
    clock,
    log,
    async look(signal) {
      return takeSnapshot(await sandboxes.listSandboxes(signal), await containers.listContainers(signal));
    },
    async waitUntilStopped(id, signal) {
      const endMs = clock.monotonicMs() + stopNoticeMaxMs;
      for (let delayMs = 1; clock.monotonicMs() < endMs && (await isUp(id, signal)); delayMs *= 2) {
        await clock.sleep(Math.min(delayMs, stopNoticePollMs), signal);
      }
    },
  });

  const isUp = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const container = await unlessGone(containers.containerStatus(id, signal));
    if (container) return container.state === 'running';
    return (await unlessGone(sandboxes.sandboxStatus(id, signal)))?.ready ?? false;
  };

  return {
    ...sandboxes,
    ...containers,
    ...createCriImages(connection),
    async version(signal) {
      const options = { timeoutMs: timeouts.queryMs, signal };
      const found = await connection.call(RuntimeServiceService.version, { version: '' }, options);
      return { name: found.runtimeName, version: found.runtimeVersion };
    },
    async status(signal) {
      const options = { timeoutMs: timeouts.queryMs, signal };
      return fromStatus(await connection.call(RuntimeServiceService.status, { verbose: false }, options));
    },
    events: (signal) => source.events(AbortSignal.any([signal, closing.signal])),
    async close() {
      closing.abort();
      connection.close();
    },
  };
}

/** After this long an exit is reported although the runtime's own state lags behind. */
const stopNoticeMaxMs = 1000;
/** The runtime's state lags by milliseconds only. */
const stopNoticePollMs = 20;

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isRuntimeError(error, 'not-found')) return undefined;
    throw error;
  }
}
