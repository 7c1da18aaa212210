import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { SpdySession, StreamHandler } from '../spdy/session.ts';
import { portForwardCodecs } from './channels.ts';
import { bridgePortForward } from './port-forward.ts';

let server: WebSocketServer;
let client: WebSocket;
let accepted: WebSocket;

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const connected = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  client = new WebSocket(`ws://127.0.0.1:${address.port}`);
  accepted = await connected;
});
afterEach(() => {
  client.terminate();
  server.close();
});

/** A session whose streams the test plays by hand. */
function playedSession() {
  const handlers: StreamHandler[] = [];
  let finish: (error: Error | undefined) => void = () => {};
  let closes = 0;
  const session: SpdySession = {
    open(_headers, handler) {
      handlers.push(handler);
      return { id: handlers.length, write: () => true, end() {}, reset() {} };
    },
    pause() {},
    resume() {},
    onDrain() {},
    close() {
      closes += 1;
      finish(undefined);
    },
    destroy() {},
    closed: new Promise((resolve) => {
      finish = resolve;
    }),
  };
  return { session, handlers, closes: () => closes };
}

it('hears on the error stream why the data stream has ended, and only then ends the session', async () => {
  const { session, handlers, closes } = playedSession();
  const texts: string[] = [];
  client.on('message', (data: Buffer) => texts.push(`${data[0]} ${data.subarray(1).toString()}`));
  const closed = once(client, 'close');
  const codec = portForwardCodecs.get('v4.channel.k8s.io');
  if (!codec) throw new Error('v4 is spoken');
  bridgePortForward(accepted, session, codec, [9]);
  const [errors, data] = handlers;
  data?.onEnd();
  expect(closes()).toBe(0);
  errors?.onData(Buffer.from('connection refused'));
  errors?.onEnd();
  await closed;
  expect(texts).toContain('1 connection refused');
  expect(closes()).toBe(1);
});
