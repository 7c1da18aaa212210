/** Clients of exec, attach and port-forward as kubectl and the client libraries are: WebSocket channels, and SPDY. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { createSpdySession, type SpdySession } from '#node-agent/server/spdy/session.ts';

export interface StreamAccess {
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface ChannelClient {
  readonly protocol: string;
  /** Bytes per channel so far. */
  readonly received: ReadonlyMap<number, Buffer>;
  text(channel: number): string;
  send(channel: number, data: string | Buffer): void;
  /** v5 only. */
  closeChannel(channel: number): void;
  close(): void;
  /** The close code. */
  readonly closed: Promise<number>;
}

/** Rejects with the HTTP status and body when the upgrade is refused. */
export function openChannels(access: StreamAccess, path: string, protocols: readonly string[]): Promise<ChannelClient> {
  const { port, ca, cert, key } = access;
  const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, [...protocols], { ca, cert, key });
  const received = new Map<number, Buffer>();
  const isBase64 = () => socket.protocol.includes('base64');
  socket.on('message', (data) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
    const channel = isBase64() ? Number(bytes.toString('latin1', 0, 1)) : (bytes[0] ?? -1);
    const content = isBase64() ? Buffer.from(bytes.toString('latin1', 1), 'base64') : bytes.subarray(1);
    received.set(channel, Buffer.concat([received.get(channel) ?? Buffer.alloc(0), content]));
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => reject(new Error(`${response.statusCode} ${text}`)));
    });
    socket.once('open', () => {
      socket.on('error', () => socket.terminate());
      resolve({
        protocol: socket.protocol,
        received,
        text: (channel) => received.get(channel)?.toString() ?? '',
        send(channel, data) {
          const bytes = Buffer.from(data);
          if (isBase64()) socket.send(`${channel}${bytes.toString('base64')}`);
          else socket.send(Buffer.concat([Buffer.of(channel), bytes]));
        },
        closeChannel: (channel) => socket.send(Buffer.of(255, channel)),
        close: () => socket.close(1000),
        closed,
      });
    });
  });
}

/** An upgraded SPDY connection, as kubectl before 1.30 makes it. */
export function openSpdy(access: StreamAccess, path: string, protocol: string): Promise<SpdySession> {
  const { port, ca, cert, key } = access;
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol };
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', ca, cert, key, headers });
    call.once('error', reject);
    call.once('response', (response) => {
      response.resume();
      reject(new Error(`${response.statusCode}`));
    });
    call.once('upgrade', (response, socket, head) => {
      if (response.headers['x-stream-protocol-version'] !== protocol) reject(new Error('no protocol was agreed'));
      else resolve(createSpdySession(socket, head));
    });
    call.end();
  });
}

/** A byte stream in binary WebSocket messages, as kubectl's tunnel; by hand, since ws refuses the protocol's name. */
export function openTunnel(access: StreamAccess, path: string, protocol: string): Promise<Duplex> {
  const { port, ca, cert, key } = access;
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': protocol,
    };
    const call = request({ host: '127.0.0.1', port, path, ca, cert, key, headers });
    call.once('error', reject);
    call.once('response', (response) => {
      response.resume();
      reject(new Error(`${response.statusCode}`));
    });
    call.once('upgrade', (response, socket) => {
      if (response.headers['sec-websocket-protocol'] !== protocol) return reject(new Error('no protocol was agreed'));
      let pending = Buffer.alloc(0);
      const tunnel = new Duplex({
        read() {},
        // Masked with zeros, which changes nothing.
        write(chunk: Buffer, _encoding, done) {
          const head = Buffer.alloc(8);
          head.writeUInt8(0x82, 0);
          head.writeUInt8(0x80 | 126, 1);
          head.writeUInt16BE(chunk.length, 2);
          socket.write(Buffer.concat([head, chunk]), () => done());
        },
        final(done) {
          socket.end(Buffer.of(0x88, 0x80, 0, 0, 0, 0));
          done();
        },
      });
      socket.on('data', (chunk: Buffer) => {
        pending = Buffer.concat([pending, chunk]);
        for (;;) {
          const short = (pending[1] ?? 0) & 0x7f;
          const start = short === 126 ? 4 : 2;
          const length = short === 126 && pending.length >= 4 ? pending.readUInt16BE(2) : short;
          if (pending.length < start + length || pending.length < 2) return;
          if (pending[0] === 0x82) tunnel.push(pending.subarray(start, start + length));
          pending = pending.subarray(start + length);
        }
      });
      socket.once('close', () => tunnel.destroy());
      socket.on('error', () => tunnel.destroy());
      resolve(tunnel);
    });
    call.end();
  });
}
