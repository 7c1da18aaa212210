import type { CoreV1Event, V1ObjectReference } from '#api/generated/types.ts';
import { events } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { isNotFound, StatusError } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog, type Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from './api-client.ts';
import { createFifo, type Fifo } from './fifo.ts';
import { createLruMap } from './lru.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** Tells users what happened to their objects, as Events. It never throws and never waits: telling is best effort. */
export interface EventRecorder {
  /** `reason` is one CamelCase word, `message` a sentence for the user. */
  record(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, options?: EventOptions): void;
  /** Resolves when everything recorded so far was sent or given up. */
  flush(): Promise<void>;
}

export interface EventOptions {
  /** The part of the object it is about, for example `spec.containers{web}`. */
  readonly fieldPath?: string | undefined;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Who tells: `default-scheduler`, `kubelet` … */
  readonly component: string;
  /** The node it runs on. */
  readonly host?: string | undefined;
  readonly log?: Log | undefined;
  /** Ends retries. */
  readonly signal?: AbortSignal | undefined;
}

/** Repeats within this time count up the first event instead of making new ones. */
const repeatMs = 600_000;
const queueMax = 5_000;
/** Events about different objects are sent side by side; those about one object keep their order. */
const lanesMax = 16;
const cacheMax = 4_096;
/** What one object may cause: a burst, then one event per five minutes. */
const spamBurst = 25;
const spamRefillMs = 300_000;
const attemptsMax = 12;
const retryMs = 10_000;

/** An event that was sent, and how often it has happened. */
interface Known {
  readonly namespace: string;
  readonly name: string;
  count: number;
  lastMs: number;
}

interface Lane {
  readonly queue: Fifo<Pending>;
  sending: Promise<void> | undefined;
}

interface Pending {
  readonly identity: string;
  readonly event: CoreV1Event;
  readonly atMs: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, component, host, signal } = options;
  const log = (options.log ?? createSilentLog()).child({ recorder: component });
  const lanes: readonly Lane[] = Array.from({ length: lanesMax }, () => ({ queue: createFifo(), sending: undefined }));
  const known = createLruMap<Known>(cacheMax);
  const buckets = createLruMap<TokenBucket>(cacheMax);
  let waiting = 0;
  let sequence = 0;

  const mayTell = (about: string): boolean => {
    let bucket = buckets.get(about);
    if (!bucket) {
      bucket = createTokenBucket(clock, spamBurst, spamRefillMs);
      buckets.set(about, bucket);
    }
    return bucket.take();
  };

  const send = async ({ identity, event, atMs }: Pending): Promise<void> => {
    const same = known.get(identity);
    if (same && atMs - same.lastMs < repeatMs) {
      const body = { count: same.count + 1, lastTimestamp: event.lastTimestamp };
      try {
        await client.patch(events, { namespace: same.namespace, name: same.name }, { type: 'merge', body }, { signal });
        same.count += 1;
        same.lastMs = atMs;
        return;
      } catch (error) {
        // It has expired on the server: make it anew.
        if (!isNotFound(error)) throw error;
      }
    }
    const { namespace = '', name = '' } = event.metadata;
    await client.create(events, event, { signal });
    known.set(identity, { namespace, name, count: 1, lastMs: atMs });
  };

  const sendWithRetries = async (pending: Pending): Promise<void> => {
    for (let attempt = 1; !signal?.aborted; attempt++) {
      try {
        return await send(pending);
      } catch (error) {
        const final = error instanceof StatusError && error.code < 500 && error.code !== 429;
        if (final || attempt === attemptsMax || signal?.aborted) {
          log.warn({ err: error, reason: pending.event.reason, attempt }, 'an event was not recorded');
          return;
        }
        await clock.sleep(retryMs * (0.5 + random.next()), signal).catch(() => undefined);
      }
    }
  };

  const pump = async (lane: Lane): Promise<void> => {
    for (let pending = lane.queue.shift(); pending; pending = lane.queue.shift()) {
      await sendWithRetries(pending);
      waiting -= 1;
    }
    lane.sending = undefined;
  };

  return {
    record(object, type, reason, message, { fieldPath } = {}) {
      if (signal?.aborted) return;
      const involvedObject = referenceTo(object, fieldPath);
      const about = [involvedObject.kind, involvedObject.namespace, involvedObject.name, involvedObject.uid].join('/');
      if (!mayTell(about)) {
        log.debug({ about, reason }, 'too many events about one object: dropped');
        return;
      }
      if (waiting >= queueMax) {
        log.warn({ about, reason }, 'too many events are waiting: dropped');
        return;
      }
      const atMs = clock.now();
      const time = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
      sequence = (sequence + 1) % 1_000_000;
      const suffix = (BigInt(Math.floor(atMs)) * 1_000_000n + BigInt(sequence)).toString(16);
      const event: CoreV1Event = {
        metadata: {
          namespace: involvedObject.namespace || 'default',
          name: `${(involvedObject.name ?? '').slice(0, 236)}.${suffix}`,
        },
        involvedObject,
        type,
        reason,
        message,
        source: { component, ...(host && { host }) },
        reportingComponent: component,
        reportingInstance: host ?? '',
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      const lane = lanes[hash(about) % lanesMax];
      if (!lane) return;
      waiting += 1;
      lane.queue.push({ identity: [about, fieldPath, type, reason, message].join('\n'), event, atMs });
      lane.sending ??= pump(lane);
    },
    async flush() {
      while (waiting > 0) await Promise.all(lanes.map((lane) => lane.sending));
    },
  };
}

function referenceTo(object: KubeObject, fieldPath: string | undefined): V1ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    ...(namespace && { namespace }),
    name,
    uid,
    resourceVersion,
    ...(fieldPath && { fieldPath }),
  };
}

/** FNV-1a over the text's code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
