import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type Event, Event_EventType, type KeyValue } from '#proto/generated/etcd/kv.ts';
import { type WatchRequest, type WatchResponse, WatchService } from '#proto/generated/etcd/rpc.ts';
import { StoreError } from '../errors.ts';
import { compactedError } from '../history.ts';
import { createSignalBell } from '../signal-bell.ts';
import type { Revision, StoreBatch, StoreChange } from '../store.ts';
import type { EtcdConnection } from './connection.ts';
import { entryOf, revisionOf } from './entry.ts';
import { toStoreError } from './errors.ts';

/** Responses that wait for the reader before the stream is paused. */
const responsesMax = 64;

const wholeKeyspace = Buffer.from([0]);

export interface EtcdWatch {
  readonly batches: AsyncIterable<StoreBatch>;
  /** Makes it report that it has reached this revision, soon after it has. */
  oblige(revision: Revision): void;
}

export interface EtcdWatchOptions {
  readonly prefix: string;
  readonly afterRevision: Revision | undefined;
  readonly previous: boolean;
  readonly signal: AbortSignal;
}

/**
 * Follows the whole keyspace and keeps what is under the prefix: so every revision brings an event, and how far the watch is
 * needs no asking. (Answers to etcd's progress requests may overtake events before etcd 3.4.25 and 3.5.8.)
 */
export function openEtcdWatch(connection: EtcdConnection, options: EtcdWatchOptions, onEnd: () => void): EtcdWatch {
  const { afterRevision, signal } = options;
  const prefix = Buffer.from(options.prefix);
  const bell = createSignalBell();
  let responses: WatchResponse[] = [];
  let failure: unknown;
  let obliged = 0;

  const open = (): ClientDuplexStream<WatchRequest, WatchResponse> => {
    const stream = connection.open(WatchService.watch);
    stream.on('data', (response: WatchResponse) => {
      responses.push(response);
      if (responses.length >= responsesMax) stream.pause();
      bell.ring();
    });
    const fail = (error: unknown): void => {
      failure ??= error;
      bell.ring();
    };
    stream.on('error', fail);
    stream.on('end', () => fail(new StoreError('unavailable', 'etcd ended the watch')));
    stream.write({
      createRequest: {
        key: wholeKeyspace,
        rangeEnd: wholeKeyspace,
        fragment: true,
        progressNotify: true,
        prevKv: options.previous,
        startRevision: String(afterRevision === undefined ? 0 : afterRevision + 1),
      },
    });
    return stream;
  };

  async function* run(): AsyncGenerator<StoreBatch> {
    let stream: ClientDuplexStream<WatchRequest, WatchResponse> | undefined;
    const cancel = (): void => stream?.cancel();
    let position = afterRevision ?? 0;
    let changes: StoreChange[] = [];
    try {
      if (signal.aborted) return;
      stream = open();
      signal.addEventListener('abort', cancel, { once: true });
      while (!signal.aborted) {
        const arrived = responses;
        responses = [];
        if (arrived.length >= responsesMax) stream.resume();
        for (const response of arrived) {
          const startsHere = response.created && afterRevision === undefined;
          const reached = startsHere ? revisionOf(response) : readResponse(response, prefix, position, changes);
          if (reached === undefined) continue;
          const batch = { changes, revision: reached };
          changes = [];
          position = reached;
          yield batch;
        }
        if (responses.length) continue;
        if (obliged > 0 && position >= obliged) {
          obliged = 0;
          yield { changes: [], revision: position };
          continue;
        }
        if (failure !== undefined) throw failure;
        await bell.wait(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw toStoreError(error);
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
      onEnd();
    }
  }

  return {
    batches: run(),
    oblige(revision) {
      obliged = Math.max(obliged, revision);
      bell.ring();
    },
  };
}

/** Adds the response's changes; the revision up to which everything has been told now, or undefined. */
function readResponse(
  response: WatchResponse,
  prefix: Buffer,
  position: Revision,
  changes: StoreChange[],
): Revision | undefined {
  if (response.canceled) {
    const compacted = Number(response.compactRevision);
    if (compacted > 0) throw compactedError(compacted);
    throw new StoreError('unavailable', `etcd cancelled the watch: ${response.cancelReason}`);
  }
  // A watch from the past has all of it still before it.
  if (response.created) return undefined;
  for (const event of response.events) {
    const { kv } = event;
    if (!kv) throw new StoreError('internal', 'etcd told of a change without its key');
    const { key } = kv;
    if (key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0) {
      changes.push(changeOf(event, kv));
    }
  }
  if (response.fragment) return undefined;
  // The header may be ahead of the events while the watch catches up.
  const last = response.events.at(-1);
  return last?.kv ? Number(last.kv.modRevision) : Math.max(position, revisionOf(response));
}

function changeOf({ type, prevKv }: Event, kv: KeyValue): StoreChange {
  const key = kv.key.toString();
  const revision = Number(kv.modRevision);
  const previous = prevKv ? { previous: entryOf(prevKv) } : {};
  if (type === Event_EventType.DELETE) {
    return { type: 'delete', key, revision, createRevision: Number(prevKv?.createRevision ?? 0), ...previous };
  }
  return { type: 'put', key, revision, createRevision: Number(kv.createRevision), value: kv.value, ...previous };
}
