import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface KeepAliveClient {
  /** One request at a time; `head` without its end. Resolves with the answer's status. */
  send(head: string, body?: string): Promise<number>;
  close(): void;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * HTTP/1.1 on one TLS connection, as little of it as a benchmark needs: the load shares the machine with what it measures. Knows
 * only answers with a Content-Length.
 */
export async function connectKeepAlive({ host, port, ca, cert, key }: Target): Promise<KeepAliveClient> {
  const socket: TLSSocket = connect({ host, port, ca, cert, key, ALPNProtocols: ['http/1.1'] });
  let waiting: { resolve(status: number): void; reject(error: Error): void } | undefined;
  let received: Buffer = Buffer.alloc(0);
  const fail = (error: Error): void => waiting?.reject(error);
  socket.setNoDelay(true);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf(headEnd);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
    if (Number.isNaN(length)) return fail(new Error(`an answer without a length: ${head}`));
    if (received.length < end + headEnd.length + length) return;
    received = Buffer.alloc(0);
    waiting?.resolve(Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return {
    send: (head, body = '') =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    close: () => socket.destroy(),
  };
}
