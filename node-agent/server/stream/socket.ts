import type { WebSocket } from 'ws';
import type { SpdySession } from '../spdy/session.ts';
import type { ChannelCodec, ChannelMessage } from './channels.ts';

/** What a slow client may leave unread before we stop reading from the runtime. */
const bufferedBytesMax = 1024 * 1024;

export interface ChannelSocket {
  send(channel: number, data: Buffer): void;
  /** Stops the client until the session can take more. */
  pauseClient(): void;
  close(code: number, reason: string): void;
}

export const closeCodes = { normal: 1000, protocolError: 1002, internalError: 1011 } as const;

/**
 * Ties a WebSocket to a SPDY session: the slower side sets the pace, and the end of one is the end of the other.
 * Messages that are not of the protocol end both.
 */
export function joinSocket(
  socket: WebSocket,
  session: SpdySession,
  codec: ChannelCodec,
  onMessage: (message: ChannelMessage) => void,
): ChannelSocket {
  let held = false;
  const release = (): void => {
    if (!held || socket.bufferedAmount > bufferedBytesMax / 2) return;
    held = false;
    session.resume();
  };

  socket.on('message', (data, isBinary) => {
    const message = codec.decode(toBuffer(data), isBinary);
    if (message) return onMessage(message);
    socket.close(closeCodes.protocolError, 'not a channel message');
    session.close();
  });
  socket.once('close', () => session.destroy());
  socket.on('error', () => socket.terminate());
  session.onDrain(() => socket.resume());
  void session.closed.then((error) => {
    if (error) socket.close(closeCodes.internalError, 'the connection to the runtime broke');
    else socket.close(closeCodes.normal);
  });

  // It may have left while the runtime was being asked.
  if (socket.readyState !== socket.OPEN) session.destroy();
  socket.resume();

  return {
    send(channel, data) {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(codec.encode(channel, data), release);
      if (held || socket.bufferedAmount <= bufferedBytesMax) return;
      held = true;
      session.pause();
    },
    pauseClient: () => socket.pause(),
    close: (code, reason) => socket.close(code, reason),
  };
}

export function toBuffer(data: Buffer | ArrayBuffer | readonly Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.concat(data);
}
