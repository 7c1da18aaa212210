import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { createSecureServer, type Http2SecureServer, Http2ServerRequest, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Handler } from './handler.ts';
import type { ApiRequest, ApiResponse, Peer } from './message.ts';
import { peerOf } from './peer.ts';
import { type Outgoing, sendResponse } from './send.ts';

export interface ListenerOptions {
  readonly handler: Handler;
  readonly clock: Clock;
  readonly log: Log;
  /** PEM. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** PEM of the CA that signs client certificates. */
  readonly clientCa: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections, lets requests end for `graceMs`, then cuts what is left. Idempotent. */
  close(graceMs: number): Promise<void>;
}

type Incoming = IncomingMessage | Http2ServerRequest;
interface ClosingStream {
  readonly writableFinished: boolean;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

const headerMaxBytes = 64 * 1024;
const clientGone = new Error('the client has gone away');

/** HTTPS on one port: HTTP/2 and HTTP/1.1 by ALPN, upgrades on the latter. Rejects when it cannot listen. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { handler, clock, log } = options;
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const peers = new WeakMap<object, Peer>();
  let closing: Promise<void> | undefined;
  const server = createServer(options);

  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    socket.on('error', (error) => log.debug({ err: error }, 'a connection broke'));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 session broke'));
  });
  server.on('tlsClientError', (error) => log.debug({ err: error }, 'a TLS handshake failed'));

  const peer = (incoming: Incoming): Peer => {
    const session = incoming instanceof Http2ServerRequest ? incoming.stream.session : incoming.socket;
    if (!session) return { kind: 'anonymous' };
    let known = peers.get(session);
    if (!known) {
      const socket = 'socket' in session ? session.socket : session;
      // Behind an HTTP/2 session stands a proxy of the socket, which is no instance of its class to the type checker.
      known = socket instanceof TLSSocket ? peerOf(socket) : { kind: 'anonymous' };
      peers.set(session, known);
    }
    return known;
  };

  const mustClose = (incoming: Incoming, response: ApiResponse): boolean =>
    incoming.httpVersionMajor === 1 && (closing !== undefined || isLeftUnread(incoming, response));

  const onRequest = (incoming: Incoming, outgoing: Outgoing & ClosingStream) => {
    const gone = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) gone.abort(clientGone);
    });
    outgoing.on('error', (error) => log.debug({ err: error }, 'an answer could not be sent'));
    incoming.on('error', (error: Error) => log.debug({ err: error }, 'a request broke off'));
    const request = toRequest(incoming, peer(incoming), gone.signal);
    handler
      .handle(request)
      .then((response) => sendResponse(outgoing, response, gone.signal, mustClose(incoming, response)))
      .catch((error: unknown) => {
        log.error({ err: error, target: request.target }, 'an answer failed on its way out');
        incoming.destroy();
      });
  };
  server.on('request', onRequest);

  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const gone = new AbortController();
    socket.on('error', (error) => log.debug({ err: error }, 'an upgraded connection broke'));
    socket.once('close', () => gone.abort(clientGone));
    const request = toRequest(incoming, peer(incoming), gone.signal);
    handler
      .handleUpgrade(request)
      .then(async (answer) => {
        if ('status' in answer) socket.end(rawResponse(answer));
        else await answer.run(socket, head);
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'an upgrade failed');
        socket.destroy();
      });
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The rest of a refused request may be called broken once more.
    if (socket.writableEnded) return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    // What is still coming in is dropped: with unread bytes, closing would reset the connection before our words arrive.
    socket.resume();
    const timer = clock.setTimer(1000, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.error({ err: error }, 'the server socket failed'));

  return {
    port: portOf(server.address()),
    close(graceMs) {
      closing ??= closeGently(server, sockets, clock, graceMs);
      // Each session ends by itself once its streams have.
      for (const session of sessions) session.close();
      return closing;
    },
  };
}

function createServer({ tls, clientCa }: ListenerOptions): Http2SecureServer {
  const http1 = {
    maxHeaderSize: headerMaxBytes,
    headersTimeout: 30_000,
    requestTimeout: 70_000,
    // Longer than Go's clients keep an idle connection, so that it is they who close it.
    keepAliveTimeout: 180_000,
  };
  const server = createSecureServer({
    ...http1,
    http1Options: http1,
    allowHTTP1: true,
    cert: tls.certificate,
    key: tls.key,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 10_000,
    maxSessionMemory: 100,
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024, maxHeaderListSize: headerMaxBytes },
  });
  server.maxConnections = 10_000;
  // As an option it is overlooked by servers that speak HTTP/2 too.
  Object.assign(server, {
    shouldUpgradeCallback: (request: IncomingMessage) => connectPath.test(request.url ?? ''),
  });
  return server;
}

/** Any other request with an Upgrade header is answered as if it had none. */
const connectPath = /\/(exec|attach|portforward|proxy)([/?]|$)/;

function toRequest(incoming: Incoming, peer: Peer, signal: AbortSignal): ApiRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const method = incoming.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? undefined : incoming.iterator({ destroyOnReturn: false });
  return { method, target: incoming.url ?? '/', headers, body, peer, signal };
}

/** What is left of a refused body would be taken for the next request on the connection. */
const isLeftUnread = (incoming: Incoming, { status }: ApiResponse): boolean =>
  status >= 400 && incoming.method !== 'GET' && incoming.method !== 'HEAD' && !incoming.readableEnded;

function rawResponse({ status, headers, body }: ApiResponse): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Status'}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${one}`);
  }
  lines.push(`content-length: ${bytes.length}`, 'connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n')), bytes]);
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

async function closeGently(
  server: Http2SecureServer,
  sockets: ReadonlySet<Socket>,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const timer = clock.setTimer(graceMs, () => {
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  timer.cancel();
}
