/** Port-forward over a WebSocket's channels, or over SPDY that is wrapped in WebSocket messages. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SpdySession, SpdyStream } from '../spdy/session.ts';
import type { ChannelCodec } from './channels.ts';
import { closeCodes, joinSocket, toBuffer } from './socket.ts';

export const portForwardProtocol = 'portforward.k8s.io';

/** Port number `index` has the channels 2 × index (data) and 2 × index + 1 (errors). */
export function bridgePortForward(
  socket: WebSocket,
  session: SpdySession,
  codec: ChannelCodec,
  ports: readonly number[],
): void {
  const data: SpdyStream[] = [];
  /** Of both streams of every port: a runtime may end the data before it has said on the other one why. */
  let open = 2 * ports.length;
  const onEnd = (): void => {
    open -= 1;
    // The channels cannot say that one of them ended.
    if (open === 0) session.close();
  };
  const client = joinSocket(socket, session, codec, (message) => {
    const stream = message.channel % 2 === 0 ? data[message.channel / 2] : undefined;
    if (message.kind === 'data' && stream && !stream.write(message.data)) client.pauseClient();
  });

  ports.forEach((port, index) => {
    const greeting = Buffer.alloc(2);
    greeting.writeUInt16LE(port);
    client.send(2 * index, greeting);
    client.send(2 * index + 1, greeting);
    const headers = { port: String(port), requestid: String(index) };
    const errors = session.open(
      { ...headers, streamtype: 'error' },
      { onData: (bytes) => client.send(2 * index + 1, bytes), onEnd },
    );
    errors.end();
    data[index] = session.open(
      { ...headers, streamtype: 'data' },
      { onData: (bytes) => client.send(2 * index, bytes), onEnd },
    );
  });
}

/** What a client may be ahead of the runtime, or the runtime of the client. */
const bufferedBytesMax = 1024 * 1024;

/** The messages' content is the SPDY connection itself; `runtime` is upgraded already. */
export function bridgeTunnel(socket: WebSocket, runtime: Duplex, head: Buffer): void {
  const release = (): void => {
    if (socket.bufferedAmount <= bufferedBytesMax / 2) runtime.resume();
  };
  const forward = (chunk: Buffer): void => {
    socket.send(chunk, release);
    if (socket.bufferedAmount > bufferedBytesMax) runtime.pause();
  };
  socket.on('message', (data) => {
    if (runtime.writable && !runtime.write(toBuffer(data))) socket.pause();
  });
  runtime.on('drain', () => socket.resume());
  socket.on('error', () => socket.terminate());
  socket.once('close', () => runtime.destroy());
  runtime.on('error', () => socket.close(closeCodes.internalError, 'the connection to the runtime broke'));
  runtime.once('end', () => runtime.end());
  runtime.once('close', () => socket.close(closeCodes.normal));
  if (socket.readyState !== socket.OPEN) runtime.destroy();
  socket.resume();
  if (head.length > 0) forward(head);
  runtime.on('data', forward);
}
