import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, type SecureContext } from 'node:tls';
import { StatusError, timeout } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import { httpRequest } from '#base/node-http.ts';

/** Where a proxied request goes. */
export interface Backend {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Undecoded, with its query. */
  readonly path: string;
  /** What to call it in errors: `node "n1"`. */
  readonly label: string;
  /** For https: our certificate and whom we trust. Absent: the server is not verified (as kube-apiserver for pods). */
  readonly tls?: BackendTls | undefined;
}

export interface BackendTls {
  readonly context: SecureContext;
  /** The name that the server's certificate must be for, if it is not for the address. */
  readonly serverName: string;
}

export interface BackendRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: AsyncIterable<Buffer> | undefined;
  readonly signal: AbortSignal;
}

export interface UpgradedBackend {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

const connectTimeoutMs = 10_000;
const errorBodyMaxBytes = 64 * 1024;

/** Sends a request on. Resolves with the head of the answer, whatever its code; rejects with 502 or 504. */
export function callBackend(backend: Backend, request: BackendRequest, clock: Clock): Promise<IncomingMessage> {
  return start(backend, request, clock, (outgoing, resolve) => outgoing.once('response', resolve));
}

/** Asks for an upgrade. Rejects with the backend's own refusal when it does not agree. */
export function upgradeBackend(backend: Backend, request: BackendRequest, clock: Clock): Promise<UpgradedBackend> {
  return start(backend, request, clock, (outgoing, resolve, reject) => {
    outgoing.once('upgrade', (response, socket, head) => resolve({ response, socket, head }));
    outgoing.once('response', (response) => {
      refusalOf(response).then(reject, reject);
    });
  });
}

type Outgoing = ReturnType<typeof httpRequest>;

function start<T>(
  backend: Backend,
  { method, headers, body, signal }: BackendRequest,
  clock: Clock,
  listen: (outgoing: Outgoing, resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  const { protocol, host, port, path, tls } = backend;
  const options = { method, host, port, path, headers: present(headers), agent: false } as const;
  return new Promise<T>((resolve, reject) => {
    const outgoing =
      protocol === 'http'
        ? httpRequest(options)
        : httpsRequest({
            ...options,
            ...(tls
              ? {
                  secureContext: tls.context,
                  servername: tls.serverName,
                  rejectUnauthorized: true,
                  checkServerIdentity: (name, certificate) =>
                    checkServerIdentity(name, certificate) && checkServerIdentity(host, certificate),
                }
              : { rejectUnauthorized: false }),
          });
    const timer = clock.setTimer(connectTimeoutMs, () => {
      outgoing.destroy(
        timeout(`${backend.label} did not answer at ${host}:${port} within ${connectTimeoutMs / 1000} s`),
      );
    });
    const onAbort = () => outgoing.destroy(new Error('the client has gone away'));
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.once('socket', (socket) => {
      const connected = () => timer.cancel();
      socket.once(protocol === 'https' ? 'secureConnect' : 'connect', connected);
    });
    outgoing.once('close', () => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    });
    outgoing.on('error', (error) => reject(unreachable(backend, error)));
    listen(outgoing, resolve, reject);
    if (signal.aborted) onAbort();
    sendBody(outgoing, body).catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
}

async function sendBody(outgoing: Outgoing, body: AsyncIterable<Buffer> | undefined): Promise<void> {
  if (body) {
    for await (const chunk of body) {
      // It has ended without reading everything: its answer, or its failure, is on the way to the client.
      if (outgoing.destroyed) return;
      if (!outgoing.write(chunk)) await drained(outgoing);
    }
  }
  outgoing.end();
}

function drained(outgoing: Outgoing): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    if (outgoing.destroyed) resolve();
    else outgoing.on('drain', done).on('close', done);
  });
}

function present(headers: BackendRequest['headers']): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) out[name] = value;
  return out;
}

function unreachable({ label, host, port }: Backend, error: Error): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(
    502,
    'ServiceUnavailable',
    `error dialing backend: ${label} cannot be reached at ${host}:${port}: ${error.message}`,
    undefined,
    { cause: error },
  );
}

/** What a backend says when it refuses, as a Status: its own one if it sent one, else its words. */
export async function refusalOf(response: IncomingMessage): Promise<StatusError> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > errorBodyMaxBytes) break;
  }
  const code = response.statusCode ?? 502;
  return new StatusError(
    code < 400 ? 502 : code,
    reasonOf(code),
    messageOf(text) || `the backend answered with status ${code}`,
  );
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const message: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined;
    return typeof message === 'string' ? message : text.trim();
  } catch {
    return text.trim();
  }
}

function reasonOf(code: number): StatusError['reason'] {
  switch (code) {
    case 400:
      return 'BadRequest';
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 409:
      return 'Conflict';
    case 429:
      return 'TooManyRequests';
    case 500:
      return 'InternalError';
    case 504:
      return 'Timeout';
    default:
      return code >= 500 ? 'ServiceUnavailable' : 'Unknown';
  }
}
