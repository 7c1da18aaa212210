import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { HttpAgent, httpRequest } from '#base/node-http.ts';

/** Connections to one server, kept for the next request. */
export interface Pool {
  /** Resolves with the head of the answer. Rejects with the network's error, or one that `isLate`. */
  send(body: string | Buffer | Readable | undefined, options: SendOptions): Promise<IncomingMessage>;
  /** Everything under way fails, what waits for a connection too; the connections are closed. */
  cut(): void;
}

export interface SendOptions {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds without a byte from the server. */
  readonly timeout: number | undefined;
}

class LateError extends Error {}

/** The server has said nothing for longer than was wanted. */
export const isLate = (error: unknown): boolean => error instanceof LateError;

const connectTimeoutMs = 10_000;
const idleMs = 60_000;
const headMaxBytes = 64 * 1024;

export function createPool(server: URL, tls: ConnectionOptions, connectionsMax = Number.POSITIVE_INFINITY): Pool {
  const secure = server.protocol === 'https:';
  const settings = { keepAlive: true, timeout: idleMs, maxSockets: connectionsMax };
  const agent = secure ? new HttpsAgent({ ...settings, ...tls }) : new HttpAgent(settings);
  const underWay = new Set<(error: Error) => void>();
  const { protocol, hostname, port } = server;
  // An address of IPv6 stands in brackets in URLs only.
  const host = hostname.replace(/^\[|\]$/g, '');

  return {
    send: (body, { signal, timeout, ...head }) =>
      new Promise((resolve, reject) => {
        const options = {
          ...head,
          protocol,
          host,
          port,
          agent,
          maxHeaderSize: headMaxBytes,
          ...(timeout !== undefined && { timeout }),
        };
        const request = secure ? httpsRequest(options) : httpRequest(options);
        let answer: IncomingMessage | undefined;
        const fail = (error: Error): void => {
          (answer ?? request).destroy(error);
          // By itself a request that waits for a connection would only notice once it has one.
          reject(error);
        };
        const onAbort = (): void => fail(new Error('aborted', { cause: signal?.reason }));
        underWay.add(fail);
        signal?.addEventListener('abort', onAbort, { once: true });
        request.once('close', () => {
          underWay.delete(fail);
          signal?.removeEventListener('abort', onAbort);
        });
        request.once('response', (response) => {
          answer = response;
          resolve(response);
        });
        request.on('error', reject);
        if (timeout !== undefined) request.once('timeout', () => fail(new LateError('no answer in time')));
        failUnlessConnected(request, secure ? 'secureConnect' : 'connect', timeout ?? idleMs);
        if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) request.end(body);
        else pipeline(body, request, (error) => error && reject(error));
      }),
    cut() {
      for (const fail of underWay) fail(new Error('the connection was cut'));
      agent.destroy();
    },
  };
}

/** A server that is not there does not even say no. */
function failUnlessConnected(request: ClientRequest, event: 'connect' | 'secureConnect', thenMs: number): void {
  request.once('socket', (socket) => {
    // One that has served others; not all such are marked as reused.
    if (!socket.connecting) return;
    const late = (): void => {
      request.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
    };
    socket.setTimeout(connectTimeoutMs);
    socket.prependOnceListener('timeout', late);
    socket.once(event, () => {
      socket.off('timeout', late);
      socket.setTimeout(thenMs);
    });
  });
}
