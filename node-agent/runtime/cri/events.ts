/**
 * Container events, from the best source that the runtime has: its CRI (containerd 1.7, CRI-O), containerd's own event
 * service (1.6), or a look at everything once a second.
 */
import { ContainerEventType, RuntimeServiceService } from '#proto/generated/cri/runtime.ts';
import { createEventQueue, type EventQueue } from '../event-queue.ts';
import { compareSnapshots } from '../relist.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { followContainerd } from './containerd-events.ts';
import { isUnimplemented } from './errors.ts';
import type { EventSourceOptions, Source } from './event-source.ts';

/** A node runs a few hundred containers; a reader that is this far behind lists again instead. */
const queuedEventsMax = 10_000;
const relistPeriodMs = 1000;
/** The CRI does not say when its subscription holds, so what happened in its first moments is found by looking. */
const settleMs = 100;

const sources: readonly Source[] = [followCri, followContainerd, relist];

export interface EventSource {
  events(signal: AbortSignal): AsyncGenerator<RuntimeEvent, void, undefined>;
}

export function createEventSource(options: EventSourceOptions): EventSource {
  let chosen = 0;

  const pump = async (queue: EventQueue<RuntimeEvent>, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const source = sources[chosen];
      if (!source) return;
      try {
        return await source(options, queue, signal);
      } catch (error) {
        if (!isUnimplemented(error)) throw error;
        chosen += 1;
        options.log.debug({ source: sources[chosen]?.name }, 'runtime has no such events, using the next source');
      }
    }
  };

  return {
    async *events(signal) {
      const queue = createEventQueue<RuntimeEvent>(queuedEventsMax);
      const done = new AbortController();
      const linked = AbortSignal.any([signal, done.signal]);
      const pumping = pump(queue, linked).then(
        () => queue.end(),
        (error: unknown) => queue.end(error instanceof Error ? error : new Error(String(error))),
      );
      try {
        yield* queue.read(signal);
      } finally {
        done.abort();
        await pumping;
      }
    },
  };
}

const criKinds: ReadonlyMap<number, RuntimeEvent['kind']> = new Map([
  [ContainerEventType.CONTAINER_CREATED_EVENT, 'created'],
  [ContainerEventType.CONTAINER_STARTED_EVENT, 'started'],
  [ContainerEventType.CONTAINER_STOPPED_EVENT, 'stopped'],
  [ContainerEventType.CONTAINER_DELETED_EVENT, 'deleted'],
]);

async function followCri(options: EventSourceOptions, queue: EventQueue<RuntimeEvent>, signal: AbortSignal) {
  const before = await options.look(signal);
  const stop = new AbortController();
  const linked = AbortSignal.any([signal, stop.signal]);
  const catchUp = options.clock
    .sleep(settleMs, linked)
    .then(() => options.look(linked))
    .then((after) => {
      for (const event of compareSnapshots(before, after)) queue.push(event);
    })
    .catch((error: unknown) => {
      if (!linked.aborted) queue.end(error instanceof Error ? error : new Error(String(error)));
    });
  try {
    for await (const event of options.connection.stream(RuntimeServiceService.getContainerEvents, {}, signal)) {
      const kind = criKinds.get(event.containerEventType);
      if (!kind) continue;
      queue.push({ kind, containerId: event.containerId, podUid: event.podSandboxStatus?.metadata?.uid ?? '' });
    }
  } finally {
    stop.abort();
    await catchUp;
  }
}

async function relist(options: EventSourceOptions, queue: EventQueue<RuntimeEvent>, signal: AbortSignal) {
  let before = await options.look(signal);
  while (!signal.aborted) {
    await options.clock.sleep(relistPeriodMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const after = await options.look(signal);
    for (const event of compareSnapshots(before, after)) queue.push(event);
    before = after;
  }
}
