import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';

let api: TestApiServer;
beforeAll(async () => {
  api = await startApiServer();
});
afterAll(() => api.stop());

/** What the server agrees to when it is offered these; rejects with the handshake's error. */
function agreed(ALPNProtocols: readonly string[]): Promise<string | false | null> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: api.port,
      ca: api.certs.ca.cert,
      ...(ALPNProtocols.length > 0 && { ALPNProtocols: [...ALPNProtocols] }),
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(socket.alpnProtocol);
    });
  });
}

test.each([
  [['h2'], 'h2'],
  [['http/1.1', 'h2'], 'h2'],
  [['http/1.1'], 'http/1.1'],
  [[], false],
])('a client that offers %s gets %s', async (offered, wanted) => {
  expect(await agreed(offered)).toBe(wanted);
});

test('a client that speaks neither is refused in the handshake', async () => {
  await expect(agreed(['spdy/3'])).rejects.toThrow(/alert/i);
});
