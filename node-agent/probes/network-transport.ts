import type { IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '#base/clock.ts';
import { httpRequest } from '#base/node-http.ts';
import { decodeHealthResponse, encodeHealthRequest } from './health-wire.ts';
import type { HttpProbe, ProbeTransport } from './transport.ts';

const bodyMax = 10 * 1024;

/** Probes over the machine's network. */
export function createNetworkTransport({ clock }: { readonly clock: Clock }): ProbeTransport {
  /** Aborts with the signal, and after `timeoutMs` with `message`. Call the second when done. */
  const limited = (signal: AbortSignal, timeoutMs: number, message: string): [AbortSignal, () => void] => {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = clock.setTimer(timeoutMs, () => controller.abort(new Error(message)));
    return [
      controller.signal,
      () => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
      },
    ];
  };

  return {
    async http(probe, timeoutMs, signal) {
      const host = probe.host.includes(':') ? `[${probe.host}]` : probe.host;
      const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
      const [limit, end] = limited(signal, timeoutMs, late);
      try {
        const answer = await send(`${probe.scheme}://${host}:${probe.port}${probe.path}`, probe.headers, limit);
        return { status: answer.statusCode ?? 0, body: await readStart(answer) };
      } catch (error) {
        throw limit.aborted ? limit.reason : error;
      } finally {
        end();
      }
    },

    async tcp({ host, port }, timeoutMs, signal) {
      const [limit, end] = limited(signal, timeoutMs, `dial tcp ${host}:${port}: i/o timeout`);
      try {
        await new Promise<void>((resolve, reject) => {
          const socket = connect({ host, port });
          const onAbort = (): void => {
            socket.destroy();
            reject(limit.reason);
          };
          limit.addEventListener('abort', onAbort, { once: true });
          socket.once('connect', () => {
            socket.destroy();
            resolve();
          });
          socket.once('error', (error) => reject(new Error(`dial tcp ${host}:${port}: ${error.message}`)));
        });
      } finally {
        end();
      }
    },

    async grpc({ host, port }, service, timeoutMs, signal) {
      const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const client = new HealthClient(address, credentials.createInsecure());
      const [limit, end] = limited(
        signal,
        timeoutMs,
        `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s`,
      );
      try {
        return await new Promise<string>((resolve, reject) => {
          const call = client.makeUnaryRequest(
            '/grpc.health.v1.Health/Check',
            encodeHealthRequest,
            decodeHealthResponse,
            service,
            (error: ServiceError | null, answer: string | undefined) => {
              if (error) reject(new Error(`error: health rpc probe failed: ${error.message}`));
              else resolve(answer ?? 'UNKNOWN');
            },
          );
          limit.addEventListener(
            'abort',
            () => {
              call.cancel();
              reject(limit.reason);
            },
            { once: true },
          );
        });
      } finally {
        end();
        client.close();
      }
    },
  };
}

const HealthClient = makeGenericClientConstructor({}, 'grpc.health.v1.Health');

/** Resolves with the answer's head. Node's own client and not undici: it is in memory anyway. */
function send(url: string, headers: HttpProbe['headers'], signal: AbortSignal): Promise<IncomingMessage> {
  const options = {
    signal,
    // One connection per probe: a kept one would show a server as alive that no longer accepts.
    agent: false,
    // A probe asks whether the program answers, not who it is.
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const asked = url.startsWith('https:') ? secureRequest(url, options, resolve) : httpRequest(url, options, resolve);
    asked.on('error', reject);
    for (const { name, value } of headers) {
      if (name.toLowerCase() === 'host') asked.setHeader(name, value);
      else asked.appendHeader(name, value);
    }
    asked.end();
  });
}

/** The first bytes; the rest is not read. */
async function readStart(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    const chunk = Buffer.from(part);
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bodyMax) break;
  }
  body.destroy();
  return Buffer.concat(chunks).subarray(0, bodyMax).toString('utf8');
}
