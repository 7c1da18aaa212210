import { createSocket, type RemoteInfo } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { HandleMessage } from './handler.ts';
import { encodeError } from './respond.ts';
import { rcodes, readHeader } from './wire.ts';

/** Something that listens on an address until it is closed. */
export interface Listener {
  readonly port: number;
  /** Resolves when it has ended by itself: with the reason. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/** Answers that wait for other servers; more of them than this are refused at once. */
const waitingMax = 2_000;
/** One pod must not take the place of all others. */
const waitingPerClientMax = 250;
const receiveBytes = 1024 * 1024;

/** Rejects when the address cannot be listened on. */
export function listenUdp(
  address: string,
  port: number,
  handle: HandleMessage,
  signal: AbortSignal,
): Promise<Listener> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
  const perClient = new Map<string, number>();
  let waiting = 0;
  let open = true;

  const send = (answer: Buffer, to: RemoteInfo): void => {
    // A client that has gone away is its own loss.
    if (open) socket.send(answer, to.port, to.address, () => undefined);
  };

  const receive = (message: Buffer, from: RemoteInfo): void => {
    if (from.port === 0) return;
    const own = perClient.get(from.address) ?? 0;
    if (waiting >= waitingMax || own >= waitingPerClientMax) {
      const header = readHeader(message);
      if (header) send(encodeError(header, rcodes.servFail), from);
      return;
    }
    const result = handle(message, 'udp', signal);
    if (!result) return;
    if (!(result instanceof Promise)) {
      send(result, from);
      return;
    }
    waiting += 1;
    perClient.set(from.address, own + 1);
    void result
      .then((answer) => send(answer, from))
      .finally(() => {
        waiting -= 1;
        const left = (perClient.get(from.address) ?? 1) - 1;
        if (left > 0) perClient.set(from.address, left);
        else perClient.delete(from.address);
      });
  };

  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener('error', reject);
      const failed = new Promise<Error>((fail) => socket.on('error', fail));
      try {
        socket.setRecvBufferSize(receiveBytes);
      } catch {
        // The kernel's own size serves too.
      }
      socket.on('message', receive);
      resolve({
        port: socket.address().port,
        failed,
        close: () =>
          new Promise((closed) => {
            open = false;
            socket.close(closed);
          }),
      });
    });
  });
}
