import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { StatusError, serviceUnavailable, timeout } from '#api/status-error.ts';
import type { ClusterAccess } from '../access.ts';
import { createPool, isLate } from './pool.ts';
import { errorFromResponse } from './response-error.ts';

export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query: `/api/v1/pods?limit=5`. */
  readonly path: string;
  readonly accept?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What is read as it is sent must have its length in the headers, or goes in chunks of unknown number. */
  readonly body?: string | Buffer | Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For streams (watches, logs): no time-out between chunks. */
  readonly stream?: boolean | undefined;
  /** Answers with a code of 400 and more are returned like any other. Default: they are thrown as StatusErrors. */
  readonly anyStatus?: boolean | undefined;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Buffer> & { text(): Promise<string> };
}

/** One connection pool to one API server. Rejects with a StatusError, for what the server says and for the network alike. */
export interface Transport {
  request(request: RawRequest): Promise<RawResponse>;
  /** Cuts all connections, which may be dead after the network was; what is under way fails, and later requests make new ones. */
  reset(): void;
  /** Who we are from now on; PEM. Requests under way go on as who they began, until the next change at the latest. */
  setClientCertificate(cert: string, key: string): void;
  close(): Promise<void>;
}

/** Without an answer for so long a request fails; the server's own limit is a minute. */
const answerTimeoutMs = 75_000;

/** A burst of calls shares these: a handshake costs more than a call. Streams, which keep theirs, are not counted. */
const connectionsMax = 32;

/**
 * By Node's own client: undici's weighs 20 MB in an agent that needs nothing else of it (docs/decisions/0007).
 */
export function createTransport(access: ClusterAccess): Transport {
  const base = new URL(access.server);
  const prefix = base.pathname.replace(/\/$/, '');
  let own = { cert: access.clientCert, key: access.clientKey };
  const open = () => {
    const tls = {
      ...(access.ca !== undefined && { ca: access.ca }),
      ...(own.cert !== undefined && { cert: own.cert }),
      ...(own.key !== undefined && { key: own.key }),
      ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
      rejectUnauthorized: !access.insecureSkipTlsVerify,
    };
    return { calls: createPool(base, tls, connectionsMax), streams: createPool(base, tls) };
  };
  const cut = (some: ReturnType<typeof open> | undefined): void => {
    some?.calls.cut();
    some?.streams.cut();
  };
  let pools = open();
  /** Those of the certificate before, for what was under way. Idle connections end by themselves. */
  let former: typeof pools | undefined;
  let closed = false;
  return {
    async close() {
      closed = true;
      cut(pools);
      cut(former);
    },
    reset() {
      const old = [pools, former];
      former = undefined;
      pools = open();
      for (const one of old) cut(one);
    },
    setClientCertificate(cert, key) {
      cut(former);
      former = pools;
      own = { cert, key };
      pools = open();
    },
    async request(raw) {
      const explained = (error: unknown): unknown => networkError(error, access.server, raw.signal);
      try {
        if (closed) throw new Error('the client is closed');
        raw.signal?.throwIfAborted();
        const response = await (raw.stream ? pools.streams : pools.calls).send(raw.body, {
          method: raw.method,
          path: `${prefix}${raw.path}`,
          headers: headersOf(raw, access),
          signal: raw.signal,
          timeout: raw.stream ? undefined : answerTimeoutMs,
        });
        const body = bodyOf(response, explained);
        const { statusCode: status = 0, headers } = response;
        if (status >= 400 && !raw.anyStatus) throw errorFromResponse(status, headers, await body.text());
        return { status, headers, body };
      } catch (error) {
        throw explained(error);
      }
    },
  };
}

function bodyOf(message: IncomingMessage, explained: (error: unknown) => unknown): RawResponse['body'] {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of message) if (Buffer.isBuffer(chunk)) yield chunk;
      } catch (error) {
        throw explained(error);
      }
    },
    text: () =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.once('end', () => resolve(Buffer.concat(chunks).toString()));
        message.once('error', (error) => reject(explained(error)));
        if (message.destroyed) reject(explained(message.errored ?? new Error('the connection was cut')));
      }),
  };
}

function headersOf(raw: RawRequest, access: ClusterAccess): Record<string, string> {
  return {
    accept: raw.accept ?? 'application/json',
    'user-agent': 'berth/0.1.0',
    ...(raw.body !== undefined && { 'content-type': raw.contentType ?? 'application/json' }),
    // Not every method gets it by itself.
    ...((typeof raw.body === 'string' || Buffer.isBuffer(raw.body)) && {
      'content-length': String(Buffer.byteLength(raw.body)),
    }),
    ...(access.token !== undefined && { authorization: `Bearer ${access.token}` }),
    ...raw.headers,
  };
}

/** The caller's own abort reason passes through as it is. */
export function networkError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof StatusError) return error;
  if (signal?.aborted) return signal.reason;
  const code = codeOf(error);
  if (isLate(error)) return timeout(`the API server at ${server} did not answer in time`, error);
  return serviceUnavailable(`cannot reach the API server at ${server}: ${explain(code, error)}`, error);
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'its name cannot be resolved',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not from the authority in the kubeconfig',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not from the authority in the kubeconfig',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not from the authority in the kubeconfig',
  CERT_SIGNATURE_FAILURE: 'its certificate is not from the authority in the kubeconfig',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name or address',
};

function explain(code: string | undefined, error: unknown): string {
  const known = code === undefined ? undefined : explanations[code];
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** The first code along the chain of causes. */
function codeOf(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if (each instanceof AggregateError) return codeOf(each.errors[0]);
  }
  return undefined;
}
