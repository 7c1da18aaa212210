import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { EventQueue } from '../event-queue.ts';
import type { Snapshot } from '../relist.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { Connection } from './connection.ts';

export interface EventSourceOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  look(signal: AbortSignal): Promise<Snapshot>;
  /** Resolves when the runtime itself reports the container or sandbox as stopped, or is not known to it any more. */
  waitUntilStopped(containerId: string, signal: AbortSignal): Promise<void>;
}

/** Feeds the queue until the signal aborts or the connection ends; rejects with gRPC's `unimplemented` when the runtime lacks it. */
export type Source = (
  options: EventSourceOptions,
  queue: EventQueue<RuntimeEvent>,
  signal: AbortSignal,
) => Promise<void>;
