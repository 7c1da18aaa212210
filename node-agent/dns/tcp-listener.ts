import { createServer, type Socket } from 'node:net';
import type { Clock, Timer } from '#base/clock.ts';
import { createFrameReader, frame } from './frames.ts';
import type { HandleMessage } from './handler.ts';
import type { Listener } from './udp-listener.ts';

const connectionsMax = 250;
/** One pod must not keep all others away. */
const connectionsPerClientMax = 32;
const idleMs = 10_000;
/** Questions of one connection that are being answered; then it is not read from. */
const atOnceMax = 16;
/** Questions of one connection that are answered without a pause: heartbeats and all other clients must have their turn. */
const atTurnMax = 32;

/** Rejects when the address cannot be listened on. */
export function listenTcp(
  address: string,
  port: number,
  handle: HandleMessage,
  clock: Clock,
  signal: AbortSignal,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const perClient = new Map<string, number>();
  const server = createServer((socket) => {
    const client = socket.remoteAddress ?? '';
    const count = (perClient.get(client) ?? 0) + 1;
    if (sockets.size >= connectionsMax || count > connectionsPerClientMax) return void socket.destroy();
    sockets.add(socket);
    perClient.set(client, count);
    socket.on('close', () => {
      sockets.delete(socket);
      const left = (perClient.get(client) ?? 1) - 1;
      if (left > 0) perClient.set(client, left);
      else perClient.delete(client);
    });
    serve(socket, handle, clock, signal);
  });

  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      const failed = new Promise<Error>((fail) => server.on('error', fail));
      const bound = server.address();
      resolve({
        port: typeof bound === 'object' && bound ? bound.port : port,
        failed,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

function serve(socket: Socket, handle: HandleMessage, clock: Clock, signal: AbortSignal): void {
  const read = createFrameReader();
  const queue: Buffer[] = [];
  let atOnce = 0;
  let ended = false;
  let timer: Timer | undefined;
  let turn: Timer | undefined;

  /** Nothing whole has come, or nothing has been taken, for too long. */
  const rest = (): void => {
    timer?.cancel();
    timer = clock.setTimer(idleMs, () => socket.destroy());
  };

  const reply = (answer: Buffer | undefined): void => {
    if (socket.destroyed) return;
    // A question that must not be answered ends the conversation: nothing sensible follows.
    if (!answer) return void socket.destroy();
    // A client that asks and does not read is not waited for.
    if (socket.writableLength > writableBytesMax) return void socket.destroy();
    socket.write(frame(answer));
    rest();
  };

  const work = (): void => {
    if (turn) return;
    for (let handled = 0; atOnce < atOnceMax && !socket.destroyed; handled += 1) {
      if (handled === atTurnMax) {
        turn = clock.setTimer(0, () => {
          turn = undefined;
          work();
        });
        break;
      }
      const message = queue.shift();
      if (!message) break;
      const result = handle(message, 'tcp', signal);
      if (!(result instanceof Promise)) {
        reply(result);
        continue;
      }
      atOnce += 1;
      void result.then(reply).finally(() => {
        atOnce -= 1;
        work();
      });
    }
    if (queue.length > 0 || turn) socket.pause();
    else if (ended && atOnce === 0) socket.end();
    else socket.resume();
  };

  rest();
  socket.on('error', () => undefined);
  socket.on('close', () => {
    timer?.cancel();
    turn?.cancel();
  });
  socket.on('data', (chunk: Buffer) => {
    const messages = read(chunk);
    if (messages.length > 0) rest();
    queue.push(...messages);
    work();
  });
  socket.on('end', () => {
    ended = true;
    work();
  });
}

const writableBytesMax = 1024 * 1024;
