/** Blobs in containerd's content store. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  ContentService,
  WriteAction,
  type WriteContentRequest,
  type WriteContentResponse,
} from '#proto/generated/containerd/content.ts';
import type { Connection } from '../cri/connection.ts';
import { toRuntimeError } from '../cri/errors.ts';
import { timeouts } from '../cri/timeouts.ts';
import { isRuntimeError, RuntimeError } from '../errors.ts';

export interface BlobInfo {
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface BlobWrite {
  readonly digest: string;
  readonly size: number;
  /** Where the bytes begin: as much as the store has of the blob already. */
  readonly offset: number;
  /** The lease that keeps the blob from garbage collection. */
  readonly lease: string;
}

export interface Content {
  info(digest: string, signal: AbortSignal): Promise<BlobInfo | undefined>;
  /** Rejects when the blob is larger than `maxBytes`. */
  read(digest: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
  /** How much is there of a blob that is being written. Bytes. */
  partOf(digest: string, signal: AbortSignal): Promise<number>;
  /** Resolves once the whole blob is stored and has the digest. What came in stays for another try, unless it is wrong. */
  write(blob: BlobWrite, bytes: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** Drops what there is of a blob that is being written. */
  abandon(digest: string, signal?: AbortSignal): Promise<void>;
  setLabels(digest: string, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
}

/** Of one message: large enough that the answer to each does not count, small enough to hold. */
const messageBytes = 2 ** 20;

export function createContent(connection: Connection): Content {
  const service = ContentService;
  const query = (signal: AbortSignal) => ({ timeoutMs: timeouts.queryMs, signal });

  const abandon = async (digest: string, signal?: AbortSignal): Promise<void> => {
    await connection
      .call(service.abort, { ref: refOf(digest) }, { timeoutMs: timeouts.queryMs, signal })
      .catch(unlessMissing);
  };

  return {
    async info(digest, signal) {
      const found = await connection.call(service.info, { digest }, query(signal)).catch(unlessMissing);
      return found?.info && { size: Number(found.info.size), labels: found.info.labels };
    },

    async read(digest, maxBytes, signal) {
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const { data } of connection.stream(service.read, { digest, offset: '0', size: '0' }, signal)) {
        length += data.length;
        if (length > maxBytes) throw new RuntimeError('invalid', `${digest} is larger than ${maxBytes} bytes`);
        chunks.push(data);
      }
      signal.throwIfAborted();
      return Buffer.concat(chunks, length);
    },

    async partOf(digest, signal) {
      const found = await connection.call(service.status, { ref: refOf(digest) }, query(signal)).catch(unlessMissing);
      return Number(found?.status?.offset ?? 0);
    },

    async write({ digest, size, offset, lease }, bytes, signal) {
      const about = { ref: refOf(digest), total: String(size), expected: digest };
      const stream = connection.duplex(service.write, { 'containerd-lease': lease });
      const exchange = talk(stream, signal);
      let at = offset;
      try {
        const state = await exchange.send(request({ ...about, action: WriteAction.STAT }));
        if (Number(state.offset) !== offset) {
          throw new RuntimeError('invalid', `${digest} has ${state.offset} bytes here already, not ${offset}`);
        }
        for await (const data of inMessages(bytes)) {
          if (at + data.length > size) throw new RuntimeError('invalid', `${digest} has more than its ${size} bytes`);
          await exchange.send(request({ ...about, action: WriteAction.WRITE, offset: String(at), data }));
          at += data.length;
        }
        if (at < size) throw new RuntimeError('invalid', `${digest} broke off after ${at} of ${size} bytes`);
        await exchange.send(request({ ...about, action: WriteAction.COMMIT, offset: String(at) }));
      } catch (error) {
        if (isRuntimeError(error, 'already-exists')) return;
        exchange.close();
        if (isWrongContent(error) || isDiskFull(error)) await abandon(digest);
        throw error;
      } finally {
        exchange.close();
      }
    },

    abandon,

    async setLabels(digest, labels, signal) {
      const info = { digest, size: '0', labels: { ...labels } };
      const updateMask = Object.keys(labels).map((name) => `labels.${name}`);
      await connection.call(service.update, { info, updateMask }, query(signal));
    },
  };
}

const refOf = (digest: string): string => `berth-${digest}`;

const request = (fields: Partial<WriteContentRequest>): WriteContentRequest => ({
  action: WriteAction.STAT,
  ref: '',
  total: '0',
  expected: '',
  offset: '0',
  data: Buffer.alloc(0),
  labels: {},
  ...fields,
});

interface Exchange {
  /** Sends a message and resolves with the answer to it. */
  send(message: WriteContentRequest): Promise<WriteContentResponse>;
  close(): void;
}

/** One message at a time: containerd answers each, and the next one waits for that. This is what slows a sender down. */
function talk(stream: ClientDuplexStream<WriteContentRequest, WriteContentResponse>, signal: AbortSignal): Exchange {
  let waiting: { resolve(answer: WriteContentResponse): void; reject(error: Error): void } | undefined;
  let failure: RuntimeError | undefined;
  const fail = (error: unknown) => {
    failure ??= toRuntimeError(error, 'Write', signal);
    waiting?.reject(failure);
    waiting = undefined;
  };
  const onAbort = () => {
    fail(signal.reason);
    stream.cancel();
  };
  stream.on('data', (answer: WriteContentResponse) => {
    waiting?.resolve(answer);
    waiting = undefined;
  });
  stream.on('error', fail);
  stream.on('end', () => fail(new RuntimeError('unavailable', 'containerd ended the transfer')));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        waiting = { resolve, reject };
        stream.write(message);
      }),
    close() {
      signal.removeEventListener('abort', onAbort);
      stream.cancel();
    },
  };
}

/** Chunks of a network come in small; they are put together. */
async function* inMessages(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    length += chunk.length;
    if (length < messageBytes) continue;
    yield Buffer.concat(chunks, length);
    chunks = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(chunks, length);
}

/** containerd's own words: it has no code for it. */
export const isWrongContent = (error: unknown): boolean =>
  error instanceof RuntimeError && /unexpected commit (digest|size)|failed size validation/.test(error.message);

export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && /no space left on device|disk quota exceeded/.test(error.message);

function unlessMissing(error: unknown): undefined {
  if (isRuntimeError(error, 'not-found')) return undefined;
  throw error;
}
