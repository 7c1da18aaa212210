import { WebSocket } from 'ws';
import { serviceUnavailable } from '#api/status-error.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { ClusterAccess } from '../access.ts';
import { errorFromResponse } from '../http/response-error.ts';
import { networkError } from '../http/transport.ts';

/** A WebSocket whose messages are pulled, so that a slow reader slows the sender. */
export interface MessageSocket {
  /** What the server chose of the protocols. */
  readonly protocol: string;
  /** To be read once; ends when the other side closes, throws a StatusError when the connection breaks. */
  readonly messages: AsyncIterable<Buffer>;
  /** Resolves when the message has left for the network. Rejects when the connection is gone. */
  send(message: Buffer): Promise<void>;
  /** Says goodbye and drops the connection. Idempotent. */
  close(): void;
}

export interface SocketOptions {
  readonly access: ClusterAccess;
  /** Path and query. */
  readonly path: string;
  readonly protocols: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const handshakeMs = 30_000;
/** Messages held for a slow reader before the connection is told to wait. */
const heldMax = 32;
const messageMaxBytes = 32 * 1024 * 1024;
/** Idle connections are cut by what stands between; a ping keeps them, and finds those that are dead. */
const pingMs = 15_000;

/** Connects. Rejects with a StatusError: the server's own when it refuses, 503 when it cannot be reached. */
export async function openSocket({ access, path, protocols, clock, signal }: SocketOptions): Promise<MessageSocket> {
  signal.throwIfAborted();
  const base = new URL(access.server);
  const url = `${base.protocol === 'http:' ? 'ws:' : 'wss:'}//${base.host}${base.pathname.replace(/\/$/, '')}${path}`;
  const socket = new WebSocket(url, [...protocols], {
    ...(access.ca !== undefined && { ca: access.ca }),
    ...(access.clientCert !== undefined && { cert: access.clientCert }),
    ...(access.clientKey !== undefined && { key: access.clientKey }),
    ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
    ...(access.token !== undefined && { headers: { authorization: `Bearer ${access.token}` } }),
    rejectUnauthorized: !access.insecureSkipTlsVerify,
    handshakeTimeout: handshakeMs,
    maxPayload: messageMaxBytes,
    perMessageDeflate: false,
  });
  const messages = listen(socket, access, signal);
  await opened(socket, access, signal);
  const stopPings = keepAlive(socket, clock);
  const close = (): void => {
    signal.removeEventListener('abort', close);
    stopPings();
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    // Whoever does not answer the goodbye within ws's own time is cut off by it.
  };
  signal.addEventListener('abort', close, { once: true });
  socket.once('close', close);
  if (signal.aborted) close();
  return {
    protocol: socket.protocol,
    messages,
    close,
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.send(message, { binary: true }, (error) => {
          if (error) reject(networkError(error, access.server, signal));
          else resolve();
        });
      }),
  };
}

function opened(socket: WebSocket, access: ClusterAccess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      socket.terminate();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    socket.once('open', () => {
      settled();
      resolve();
    });
    socket.once('error', (error) => {
      settled();
      reject(networkError(error, access.server, signal));
    });
    socket.once('unexpected-response', (request, response) => {
      settled();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        reject(errorFromResponse(response.statusCode ?? 500, response.headers, Buffer.concat(chunks).toString()));
        request.destroy();
      });
    });
  });
}

/** Listens from now on (messages may come with the handshake), holds what is not read yet, and stops the flow when that is too much. */
function listen(socket: WebSocket, access: ClusterAccess, signal: AbortSignal): AsyncIterable<Buffer> {
  const held: Buffer[] = [];
  let ended = false;
  let failure: unknown;
  let wake = (): void => {};
  socket.on('message', (data: Buffer | ArrayBuffer | Buffer[]) => {
    held.push(Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data));
    if (held.length >= heldMax) socket.pause();
    wake();
  });
  socket.on('error', (error) => {
    failure = networkError(error, access.server, signal);
  });
  socket.once('close', (code) => {
    // 1006: the connection broke without a goodbye.
    if (code === 1006 && !signal.aborted) failure ??= serviceUnavailable(`the connection to ${access.server} broke`);
    ended = true;
    wake();
  });
  return (async function* () {
    for (;;) {
      const message = held.shift();
      if (message) {
        if (held.length < heldMax / 2 && socket.isPaused) socket.resume();
        yield message;
      } else if (ended) {
        if (failure !== undefined && !signal.aborted) throw failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  })();
}

function keepAlive(socket: WebSocket, clock: Clock): () => void {
  let answered = true;
  let timer: Timer | undefined;
  const beat = (): void => {
    if (!answered && !socket.isPaused) {
      socket.terminate();
      return;
    }
    answered = false;
    socket.ping();
    timer = clock.setTimer(pingMs, beat);
  };
  socket.on('pong', () => {
    answered = true;
  });
  timer = clock.setTimer(pingMs, beat);
  return () => timer?.cancel();
}
