/** Stands in for a node's agent: records what it is asked, answers as it is told. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { TestCertificates } from './certs.ts';

export interface FakeAgent {
  readonly port: number;
  /** `GET /containerLogs/…?…`, with who asked. */
  readonly requests: { readonly line: string; readonly user: string; readonly headers: IncomingMessage['headers'] }[];
  /** Default: 404. */
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Default: agrees, then sends back what it gets. */
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  stop(): Promise<void>;
}

export async function startFakeAgent(certs: TestCertificates, nodeName: string): Promise<FakeAgent> {
  const { cert, key } = await certs.serving([nodeName]);
  const server = createServer({ cert, key, ca: certs.ca.cert, requestCert: true, rejectUnauthorized: true });
  const sockets = new Set<Duplex>();
  const note = (request: IncomingMessage): void => {
    const peer = request.socket instanceof TLSSocket ? request.socket.getPeerCertificate().subject.CN : '';
    agent.requests.push({ line: `${request.method} ${request.url}`, user: String(peer), headers: request.headers });
  };
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    note(request);
    agent.onRequest(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    note(request);
    agent.onUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  const agent: FakeAgent = {
    port: typeof address === 'object' && address ? address.port : 0,
    requests: [],
    onRequest: (_, response) => response.writeHead(404).end('nothing here'),
    onUpgrade(request, socket, head) {
      const protocol = String(request.headers.upgrade);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Extra: yes\r\n\r\n`,
      );
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    },
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return agent;
}
