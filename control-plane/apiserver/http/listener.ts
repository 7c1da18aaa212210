import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  constants,
  createSecureServer,
  type IncomingHttpHeaders as Http2Headers,
  type Http2SecureServer,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { HttpIncoming, HttpOutgoing, httpStatusTexts } from '#base/node-http.ts';
import { chunksOf } from './body-chunks.ts';
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
  /** Cuts the connections of these clients at once, with all that runs on them. */
  disconnect(isOne: (peer: Peer) => boolean): void;
  /** Takes no new connections, lets requests end for `graceMs`, then cuts what is left. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** In our order of preference. */
const served = ['h2', 'http/1.1'];

const anonymous: Peer = { kind: 'anonymous' };
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

  /** `connection` is what stands for all requests of one client: its socket or its session. */
  const peerOn = (connection: Http2Session | Socket): Peer => {
    let known = peers.get(connection);
    if (!known) {
      const socket = 'alpnProtocol' in connection && 'socket' in connection ? connection.socket : connection;
      known = socket instanceof TLSSocket ? peerOf(socket) : { kind: 'anonymous' };
      peers.set(connection, known);
    }
    return known;
  };

  const serve = (
    request: ApiRequest,
    outgoing: Outgoing,
    mustClose: (response: ApiResponse) => boolean,
  ): Promise<void> =>
    handler.handle(request).then((response) => sendResponse(outgoing, response, request.signal, mustClose(response)));

  // With a listener for `request`, Node would wrap each HTTP/2 stream in objects that look like HTTP/1.1; that costs much.
  server.removeAllListeners('newListener');
  server.on('stream', (stream: ServerHttp2Stream, headers: Http2Headers) => {
    const gone = new AbortController();
    const request = {
      method: headers[':method'] ?? 'GET',
      target: headers[':path'] ?? '/',
      headers: headersOf(headers),
      body: stream.readableEnded ? undefined : chunksOf(stream),
      peer: stream.session ? peerOn(stream.session) : anonymous,
      signal: gone.signal,
    };
    let ended = false;
    // A stream that its client closes without an error calls itself finished too, whatever we still had to say.
    stream.once('close', () => {
      if (!ended || !stream.writableFinished) gone.abort(clientGone);
    });
    const outgoing = streamOutgoing(stream, () => {
      ended = true;
    });
    stream.on('error', (error) => log.debug({ err: error }, 'an HTTP/2 stream broke'));
    // What is left of a body that nobody reads would keep the stream open.
    stream.once('finish', () => stream.resume());
    serve(request, outgoing, () => false).catch((error: unknown) => {
      log.error({ err: error, target: request.target }, 'an answer failed on its way out');
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    });
  });

  server.on('request', (incoming, outgoing) => {
    if (!(incoming instanceof HttpIncoming) || !(outgoing instanceof HttpOutgoing)) return;
    const gone = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort(clientGone);
    });
    outgoing.on('error', (error) => log.debug({ err: error }, 'an answer could not be sent'));
    incoming.on('error', (error) => log.debug({ err: error }, 'a request broke off'));
    const request = toRequest(incoming, peerOn(incoming.socket), gone.signal);
    const mustClose = (response: ApiResponse) => closing !== undefined || isLeftUnread(incoming, response);
    serve(request, outgoing, mustClose).catch((error: unknown) => {
      log.error({ err: error, target: request.target }, 'an answer failed on its way out');
      incoming.destroy();
    });
  });

  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const gone = new AbortController();
    socket.on('error', (error) => log.debug({ err: error }, 'an upgraded connection broke'));
    socket.once('close', () => gone.abort(clientGone));
    const request = toRequest(incoming, peerOn(incoming.socket), gone.signal);
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
    socket.end(`HTTP/1.1 ${status} ${httpStatusTexts[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
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
    disconnect(isOne) {
      for (const socket of sockets) if (isOne(peerOn(socket))) socket.destroy();
    },
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
    // Not here: an image that goes through to a node takes as long as it takes. All else ends at the handler's deadline.
    requestTimeout: 0,
    // Longer than Go's clients keep an idle connection, so that it is they who close it.
    keepAliveTimeout: 180_000,
  };
  const server = createSecureServer({
    ...http1,
    http1Options: http1,
    allowHTTP1: true,
    // With a list of protocols instead, Node copies it for each connection into its pool of buffers, and holds on to 64 KB there.
    ALPNCallback: ({ protocols }) => served.find((protocol) => protocols.includes(protocol)),
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

function toRequest(incoming: IncomingMessage, peer: Peer, signal: AbortSignal): ApiRequest {
  const method = incoming.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? undefined : chunksOf(incoming);
  return { method, target: incoming.url ?? '/', headers: headersOf(incoming.headers), body, peer, signal };
}

function headersOf(sent: IncomingHttpHeaders): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const name in sent) {
    const value = sent[name];
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function streamOutgoing(stream: ServerHttp2Stream, onEnd: () => void): Outgoing {
  return {
    writeHead: (status, headers) => stream.respond({ ':status': status, ...headers }),
    // `respond` has sent them.
    flushHeaders() {},
    write: (chunk) => stream.write(chunk),
    end(chunk) {
      onEnd();
      return stream.end(chunk);
    },
    once: (event, listener) => stream.once(event, listener),
    off: (event, listener) => stream.off(event, listener),
  };
}

/** What is left of a refused body would be taken for the next request on the connection. */
const isLeftUnread = (incoming: IncomingMessage, { status }: ApiResponse): boolean =>
  status >= 400 && incoming.method !== 'GET' && incoming.method !== 'HEAD' && !incoming.readableEnded;

function rawResponse({ status, headers, body }: ApiResponse): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const lines = [`HTTP/1.1 ${status} ${httpStatusTexts[status] ?? 'Status'}`];
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
