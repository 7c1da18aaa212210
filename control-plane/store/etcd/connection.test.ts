import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { createTestCertificates } from '#test/harness/certs.ts';
import { connect, type EtcdConnection } from './connection.ts';

const empty = {
  path: '/test/Empty',
  requestSerialize: () => Buffer.alloc(0),
  responseDeserialize: () => 'answered',
};
const certs = await createTestCertificates();

let server: Http2SecureServer | undefined;
let connection: EtcdConnection | undefined;
afterEach(async () => {
  connection?.close();
  await new Promise((resolve) => server?.close(resolve));
});

/** Answers every call with an empty message; `names` are those it was asked for by. */
async function serve(hosts: readonly string[]) {
  const { cert, key } = await certs.serving(hosts);
  const names: (string | false | null | undefined)[] = [];
  server = createSecureServer({ cert, key, ca: certs.ca.cert, requestCert: true });
  server.on('secureConnection', (socket: TLSSocket) => names.push(Reflect.get(socket, 'servername')));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { names, port: typeof address === 'object' ? address?.port : undefined };
}

function connectTo(host: string, port: number | undefined): EtcdConnection {
  const { cert, key } = certs.admin;
  const tls = { ca: Buffer.from(certs.ca.cert), cert: Buffer.from(cert), key: Buffer.from(key) };
  connection = connect([`https://${host}:${port}`], tls, createRealClock());
  return connection;
}

test('asks an address for no name that is an address', async () => {
  const { names, port } = await serve(['127.0.0.1']);
  expect(await connectTo('127.0.0.1', port).call(empty, undefined)).toBe('answered');
  expect(names.map((name) => isIP(name || ''))).toEqual([0]);
});

test('takes only a certificate for the address', async () => {
  const { port } = await serve(['127.0.0.2', 'etcd']);
  await expect(connectTo('127.0.0.1', port).call(empty, undefined)).rejects.toThrow('127.0.0.1');
});

test('asks a name for that name', async () => {
  const { names, port } = await serve(['localhost']);
  expect(await connectTo('localhost', port).call(empty, undefined)).toBe('answered');
  expect(names).toContain('localhost');
});
