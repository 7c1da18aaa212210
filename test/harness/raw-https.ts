/** Bytes over TLS, as they are: what no HTTP client would send. */
import { connect, type TLSSocket } from 'node:tls';
import type { KeyPair } from '#host/key-pair.ts';

export interface RawAccess {
  readonly port: number;
  readonly ca: string;
  readonly user?: KeyPair | undefined;
}

export function openRaw({ port, ca, user }: RawAccess): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ...(user && { cert: user.cert, key: user.key }) });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

/** Sends them and resolves with all that comes back until the server closes or `until` is seen. */
export async function sendRaw(access: RawAccess, bytes: string | Buffer, until?: RegExp): Promise<string> {
  const socket = await openRaw(access);
  return new Promise((resolve) => {
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (until?.test(received)) socket.destroy();
    });
    socket.once('close', () => resolve(received));
    socket.write(bytes);
  });
}
