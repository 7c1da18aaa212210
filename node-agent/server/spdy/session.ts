/**
 * The client's side of a SPDY/3.1 session, as the streaming servers of container runtimes speak it: the client opens all
 * streams, and neither side uses SPDY's flow control (their library never sends WINDOW_UPDATE, so whoever waited for one
 * would wait for ever). Back-pressure is the connection's own.
 */
import type { Duplex } from 'node:stream';
import {
  controlFrame,
  createFrameParser,
  dataFrameHead,
  flagFin,
  frameTypes,
  goAway,
  rstStream,
  statusCancel,
  synStream,
} from './frames.ts';
import { createHeaderEncoder, type Headers } from './headers.ts';

export interface SpdyStream {
  readonly id: number;
  /** False when the caller should wait for the session's `onDrain`. Ignored after `end`. */
  write(chunk: Buffer): boolean;
  /** Half-close: we send no more. Idempotent. */
  end(): void;
  reset(): void;
}

export interface StreamHandler {
  onData(chunk: Buffer): void;
  /** The peer sends no more, or reset the stream. Called once. */
  onEnd(): void;
}

export interface SpdySession {
  open(headers: Headers, handler: StreamHandler): SpdyStream;
  /** Stop and go on reading from the peer, all streams at once. */
  pause(): void;
  resume(): void;
  onDrain(listener: () => void): void;
  /** Says goodbye and ends the connection. */
  close(): void;
  destroy(): void;
  /** Resolves when the connection is gone, after the last data was handed out; with the reason when it broke. */
  readonly closed: Promise<Error | undefined>;
}

/** A peer that reads bit by bit gets its bytes in pieces of this size. */
const dataBytesMax = 64 * 1024;

interface OpenStream {
  readonly handler: StreamHandler;
  localEnded: boolean;
  remoteEnded: boolean;
}

/** `socket` is upgraded already; `head` is what came with the answer to the upgrade. */
export function createSpdySession(socket: Duplex, head: Buffer): SpdySession {
  const streams = new Map<number, OpenStream>();
  const encode = createHeaderEncoder();
  let nextId = 1;
  let failure: Error | undefined;

  const forgetIfDone = (id: number, stream: OpenStream): void => {
    if (stream.localEnded && stream.remoteEnded) streams.delete(id);
  };
  const endRemote = (id: number): void => {
    const stream = streams.get(id);
    if (!stream || stream.remoteEnded) return;
    stream.remoteEnded = true;
    forgetIfDone(id, stream);
    stream.handler.onEnd();
  };

  const parse = createFrameParser({
    onData(id, chunk, fin) {
      const stream = streams.get(id);
      if (stream && !stream.remoteEnded && chunk.length > 0) stream.handler.onData(chunk);
      if (fin) endRemote(id);
    },
    onControl(type, flags, payload) {
      if (type === frameTypes.ping) return void socket.write(controlFrame(frameTypes.ping, 0, payload));
      if (payload.length < 4) return;
      const id = payload.readUInt32BE(0) & 0x7fffffff;
      if (type === frameTypes.synReply && (flags & flagFin) !== 0) endRemote(id);
      if (type === frameTypes.rstStream) {
        const stream = streams.get(id);
        if (stream) stream.localEnded = true;
        endRemote(id);
        streams.delete(id);
      }
      // The peer opens no streams: we could not read their headers, and no streaming server does.
      if (type === frameTypes.synStream) socket.write(rstStream(id, statusCancel));
    },
  });

  const onChunk = (chunk: Buffer): void => {
    try {
      parse(chunk);
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const closed = new Promise<Error | undefined>((resolve) => {
    socket.on('error', (error) => {
      failure = error;
    });
    socket.once('close', () => {
      for (const id of [...streams.keys()]) endRemote(id);
      streams.clear();
      resolve(failure);
    });
  });
  if (head.length > 0) onChunk(head);
  socket.on('data', onChunk);
  socket.once('end', () => socket.end());

  const send = (bytes: Buffer): boolean => socket.writable && socket.write(bytes);

  return {
    open(headers, handler) {
      const id = nextId;
      nextId += 2;
      const stream: OpenStream = { handler, localEnded: false, remoteEnded: false };
      streams.set(id, stream);
      send(synStream(id, encode(headers)));
      return {
        id,
        write(chunk) {
          if (stream.localEnded) return true;
          let flowing = true;
          for (let start = 0; start < chunk.length; start += dataBytesMax) {
            const piece = chunk.subarray(start, start + dataBytesMax);
            send(dataFrameHead(id, piece.length, false));
            flowing = send(piece);
          }
          return flowing;
        },
        end() {
          if (stream.localEnded) return;
          stream.localEnded = true;
          send(dataFrameHead(id, 0, true));
          forgetIfDone(id, stream);
        },
        reset() {
          stream.localEnded = true;
          stream.remoteEnded = true;
          if (streams.delete(id)) send(rstStream(id, statusCancel));
        },
      };
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    onDrain: (listener) => void socket.on('drain', listener),
    close() {
      if (socket.writable) socket.end(goAway());
    },
    destroy: () => void socket.destroy(),
    closed,
  };
}
