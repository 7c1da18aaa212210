import type { Envelope } from '#proto/generated/containerd/events.ts';
import { ContainerChange, EventsService, TaskDelete, TaskExit, TaskStart } from '#proto/generated/containerd/events.ts';
import type { EventQueue } from '../event-queue.ts';
import { compareSnapshots, type Snapshot } from '../relist.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { isUnimplemented } from './errors.ts';
import type { EventSourceOptions } from './event-source.ts';

const topics = ['/tasks/start', '/tasks/exit', '/tasks/delete', '/containers/create', '/containers/delete'];
const markerTopic = '/berth/subscribed';
const markerTimeoutMs = 5_000;
/** An exit is followed by the deletion of the task, when the CRI has noted it; without that we report it after this long. */
const exitWithoutDeletionMs = 1_000;

/**
 * Subscribes, then publishes a marker of its own until it comes back: from then on nothing is missed, and what
 * happened before is found by comparing two looks.
 */
export async function followContainerd(
  options: EventSourceOptions,
  queue: EventQueue<RuntimeEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = options;
  const stop = new AbortController();
  const linked = AbortSignal.any([signal, stop.signal]);
  const before = await options.look(linked);
  const podUids = new Map([...before].map(([id, { podUid }]) => [id, podUid]));
  const filters = [...topics, markerTopic].map((topic) => `namespace==k8s.io,topic=="${topic}"`);
  let subscribed = false;
  const stopped = new Set<string>();
  /** Exit and deletion of a task are one event to us. */
  const isNews = ({ kind, containerId }: Change): boolean => {
    if (kind === 'deleted') stopped.delete(containerId);
    if (kind === 'started') stopped.delete(containerId);
    if (kind !== 'stopped') return true;
    if (stopped.has(containerId)) return false;
    stopped.add(containerId);
    return true;
  };
  const failed = (error: unknown) => {
    // The subscription itself says so as well, and then the next source has its turn.
    if (!linked.aborted && !isUnimplemented(error))
      queue.end(error instanceof Error ? error : new Error(String(error)));
  };
  const publishing = publishMarker(options, () => subscribed, linked).catch(failed);

  try {
    for await (const envelope of options.connection.stream(EventsService.subscribe, { filters }, linked)) {
      if (envelope.topic === markerTopic) {
        if (subscribed) continue;
        subscribed = true;
        catchUp(options, before, podUids, linked)
          .then((missed) => {
            // An exit in between may come as an event as well.
            for (const event of missed.filter(isNews)) queue.push(event);
          })
          .catch(failed);
        continue;
      }
      const event = readEnvelope(envelope);
      if (envelope.topic === '/tasks/exit') {
        const late = clock.sleep(exitWithoutDeletionMs, linked).then(async () => {
          if (event && isNews(event)) await report(options, event, podUids, queue, linked);
        });
        late.catch(failed);
        continue;
      }
      if (event && isNews(event)) report(options, event, podUids, queue, linked).catch(failed);
    }
  } finally {
    stop.abort();
    await publishing;
  }
}

async function publishMarker(options: EventSourceOptions, seen: () => boolean, signal: AbortSignal): Promise<void> {
  const event = { typeUrl: 'berth.Subscribed', value: Buffer.alloc(0) };
  for (let delayMs = 5; !seen() && !signal.aborted; delayMs = Math.min(delayMs * 2, 500)) {
    const request = { topic: markerTopic, event };
    await options.connection.call(EventsService.publish, request, { timeoutMs: markerTimeoutMs, signal });
    await options.clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

/** What happened between the first look and the subscription. */
async function catchUp(
  options: EventSourceOptions,
  before: Snapshot,
  podUids: Map<string, string>,
  signal: AbortSignal,
): Promise<readonly RuntimeEvent[]> {
  const after = await options.look(signal);
  for (const [id, { podUid }] of after) podUids.set(id, podUid);
  return compareSnapshots(before, after);
}

interface Change {
  readonly kind: RuntimeEvent['kind'];
  readonly containerId: string;
}

function readEnvelope({ topic, event }: Envelope): Change | undefined {
  const bytes = event?.value ?? Buffer.alloc(0);
  switch (topic) {
    case '/tasks/start':
      return { kind: 'started', containerId: TaskStart.decode(bytes).containerId };
    case '/tasks/exit': {
      const exit = TaskExit.decode(bytes);
      // Exec sessions end with a task exit too.
      return exit.id === '' || exit.id === exit.containerId
        ? { kind: 'stopped', containerId: exit.containerId }
        : undefined;
    }
    case '/tasks/delete':
      return { kind: 'stopped', containerId: TaskDelete.decode(bytes).containerId };
    case '/containers/create':
      return { kind: 'created', containerId: ContainerChange.decode(bytes).id };
    case '/containers/delete':
      return { kind: 'deleted', containerId: ContainerChange.decode(bytes).id };
    default:
      return undefined;
  }
}

/** containerd publishes before its CRI has taken note; a reader that asks at once must find what the event says. */
async function report(
  options: EventSourceOptions,
  change: Change,
  podUids: Map<string, string>,
  queue: EventQueue<RuntimeEvent>,
  signal: AbortSignal,
): Promise<void> {
  if (change.kind === 'stopped') await options.waitUntilStopped(change.containerId, signal);
  if (!podUids.has(change.containerId) && change.kind !== 'deleted') {
    for (const [id, { podUid }] of await options.look(signal)) podUids.set(id, podUid);
  }
  queue.push({ ...change, podUid: podUids.get(change.containerId) ?? '' });
  if (change.kind === 'deleted') podUids.delete(change.containerId);
}
