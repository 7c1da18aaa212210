/** Upgraded connections of the agent's server: SPDY is passed on as it is, WebSockets are translated. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { httpStatusTexts } from '#base/node-http.ts';
import { RefusedError } from '../refused.ts';
import { createSpdySession } from '../spdy/session.ts';
import { type UpgradedConnection, UpgradeRefusedError, upgradeToSpdy } from '../spdy/upgrade.ts';
import { type ChannelCodec, portForwardCodecs, portForwardTunnel, remoteCommandCodecs } from './channels.ts';
import { guardIdle } from './idle.ts';
import { bridgePortForward, bridgeTunnel, portForwardProtocol } from './port-forward.ts';
import { bridgeRemoteCommand, remoteCommandProtocol } from './remote-command.ts';
import type { StreamTarget } from './target.ts';

export interface UpgradeContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly idleTimeoutMs: number;
}

export interface Upgrader {
  /** Rejects with a RefusedError while the connection can still be answered in HTTP. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, target: StreamTarget): Promise<void>;
  /** Ends all WebSockets. */
  close(): void;
}

/** A WebSocket message of exec's stdin; kubectl sends 32 KiB at a time. */
const messageBytesMax = 16 * 2 ** 20;

export function createUpgrader({ clock, log, idleTimeoutMs }: UpgradeContext): Upgrader {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
  });
  const chosen = new WeakMap<IncomingMessage, string>();
  sockets.on('headers', (headers, request) => {
    const protocol = chosen.get(request);
    if (protocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });

  const accept = (request: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket> => {
    chosen.set(request, protocol);
    // Kubernetes' name for the tunnel has a slash, which ws does not let pass.
    delete request.headers['sec-websocket-protocol'];
    return new Promise((resolve, reject) => {
      socket.once('close', () => reject(new RefusedError(400, 'the client left')));
      sockets.handleUpgrade(request, socket, head, (client) => {
        // Nothing may arrive before there is somebody to take it.
        client.pause();
        resolve(client);
      });
    });
  };

  const connect = async (url: string, protocols: readonly string[]): Promise<UpgradedConnection> => {
    try {
      return await upgradeToSpdy({ url, protocols, clock });
    } catch (error) {
      if (error instanceof UpgradeRefusedError) throw new RefusedError(error.status, error.message);
      throw error;
    }
  };

  const serveWebSocket = async (request: IncomingMessage, socket: Duplex, head: Buffer, target: StreamTarget) => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
    if (target.kind === 'ports' && offered.includes(portForwardTunnel)) {
      const runtime = await connect(target.url, [portForwardProtocol]);
      const client = await acceptOrDrop(runtime, () => accept(request, socket, head, portForwardTunnel));
      return bridgeTunnel(client, runtime.socket, runtime.head);
    }
    const codecs = target.kind === 'ports' ? portForwardCodecs : remoteCommandCodecs;
    const { protocol, codec } = chooseCodec(codecs, offered);
    if (target.kind === 'ports' && target.ports.length === 0)
      throw new RefusedError(400, 'query parameter "port" is required');
    const wanted = target.kind === 'ports' ? portForwardProtocol : remoteCommandProtocol;
    const runtime = await connect(target.url, [wanted]);
    const client = await acceptOrDrop(runtime, () => accept(request, socket, head, protocol));
    const session = createSpdySession(runtime.socket, runtime.head);
    if (target.kind === 'ports') bridgePortForward(client, session, codec, target.ports);
    else bridgeRemoteCommand(client, session, codec, target.streams);
  };

  const serveSpdy = async (request: IncomingMessage, socket: Duplex, head: Buffer, target: StreamTarget) => {
    const offered = (request.headers['x-stream-protocol-version'] ?? '')
      .toString()
      .split(',')
      .map((word) => word.trim());
    const runtime = await connect(
      target.url,
      offered.filter((word) => word !== ''),
    );
    const agreed = runtime.response.headers['x-stream-protocol-version'];
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
    if (agreed !== undefined) lines.push(`X-Stream-Protocol-Version: ${agreed}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) runtime.socket.write(head);
    if (runtime.head.length > 0) socket.write(runtime.head);
    splice(socket, runtime.socket, clock);
  };

  return {
    async upgrade(request, socket, head, target) {
      const protocol = (request.headers.upgrade ?? '').toLowerCase();
      if (protocol !== 'websocket' && protocol !== 'spdy/3.1') {
        throw new RefusedError(
          400,
          `unable to upgrade to "${request.headers.upgrade}": SPDY/3.1 or websocket is needed`,
        );
      }
      const serve = protocol === 'websocket' ? serveWebSocket : serveSpdy;
      await serve(request, socket, head, target);
      guardIdle(socket, clock, idleTimeoutMs, () => log.debug({ path: request.url }, 'idle stream ended'));
    },
    close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}

function chooseCodec(
  codecs: ReadonlyMap<string, ChannelCodec>,
  offered: readonly string[],
): { protocol: string; codec: ChannelCodec } {
  for (const [protocol, codec] of codecs) if (offered.includes(protocol)) return { protocol, codec };
  throw new RefusedError(
    400,
    `no subprotocol of ${[...codecs.keys()].join(', ')} among those offered: ${offered.join(', ')}`,
  );
}

/** The runtime's side must not be left open when the client's cannot be had. */
async function acceptOrDrop(runtime: UpgradedConnection, accept: () => Promise<WebSocket>): Promise<WebSocket> {
  runtime.socket.on('error', () => runtime.socket.destroy());
  try {
    return await accept();
  } catch (error) {
    runtime.socket.destroy();
    throw error;
  }
}

/** How long one side may take to read the last of what the other side sent. */
const lingerMs = 5_000;

/** Both ways, until one side is gone. */
function splice(a: Duplex, b: Duplex, clock: Clock): void {
  a.pipe(b);
  b.pipe(a);
  for (const [side, other] of [
    [a, b],
    [b, a],
  ] as const) {
    side.on('error', () => side.destroy());
    side.once('close', () => {
      if (other.destroyed) return;
      other.end();
      const timer = clock.setTimer(lingerMs, () => other.destroy());
      other.once('close', () => timer.cancel());
    });
  }
}

/** Answers an upgrade that is refused, in HTTP. */
export function refuse(socket: Duplex, status: number, message: string): void {
  if (!socket.writable) return;
  const body = Buffer.from(message);
  socket.end(
    `HTTP/1.1 ${status} ${httpStatusTexts[status] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${message}`,
  );
}
