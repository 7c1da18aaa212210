import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { StatusError, serviceUnavailable, timeout } from '#api/status-error.ts';
import type { ClusterAccess } from '../access.ts';
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

export function createTransport(access: ClusterAccess): Transport {
  const base = new URL(access.server);
  const prefix = base.pathname.replace(/\/$/, '');
  let own = { cert: access.clientCert, key: access.clientKey };
  const options = (): Agent.Options => ({
    connect: {
      timeout: 10_000,
      ...(access.ca !== undefined && { ca: access.ca }),
      ...(own.cert !== undefined && { cert: own.cert }),
      ...(own.key !== undefined && { key: own.key }),
      ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
      rejectUnauthorized: !access.insecureSkipTlsVerify,
    },
    keepAliveTimeout: 60_000,
    maxHeaderSize: 64 * 1024,
  });
  const open = () => ({
    calls: new Agent({ ...options(), connections: connectionsMax }),
    streams: new Agent(options()),
  });
  const cut = (pools: ReturnType<typeof open>) => Promise.all([pools.calls.destroy(), pools.streams.destroy()]);
  let pools = open();
  /** Those of the certificate before, for what was under way. Idle connections end by themselves. */
  let former: typeof pools | undefined;
  const cutAll = (some: readonly (typeof pools | undefined)[]) =>
    Promise.all(some.filter((one) => one !== undefined).map(cut));
  return {
    async close() {
      await cutAll([pools, former]);
    },
    reset() {
      const old = [pools, former];
      former = undefined;
      pools = open();
      // Destroying fails only for a pool that was destroyed before.
      cutAll(old).catch(() => undefined);
    },
    setClientCertificate(cert, key) {
      cutAll([former]).catch(() => undefined);
      former = pools;
      own = { cert, key };
      pools = open();
    },
    async request(raw) {
      try {
        const response = await request(`${base.origin}${prefix}${raw.path}`, {
          dispatcher: raw.stream ? pools.streams : pools.calls,
          method: raw.method,
          headers: headersOf(raw, access),
          body: raw.body ?? null,
          signal: raw.signal ?? null,
          headersTimeout: raw.stream ? 0 : answerTimeoutMs,
          bodyTimeout: raw.stream ? 0 : answerTimeoutMs,
        });
        if (response.statusCode >= 400 && !raw.anyStatus) {
          throw errorFromResponse(response.statusCode, response.headers, await response.body.text());
        }
        return { status: response.statusCode, headers: response.headers, body: response.body };
      } catch (error) {
        throw networkError(error, access.server, raw.signal);
      }
    },
  };
}

function headersOf(raw: RawRequest, access: ClusterAccess): Record<string, string> {
  return {
    accept: raw.accept ?? 'application/json',
    'user-agent': 'berth/0.1.0',
    ...(raw.body !== undefined && { 'content-type': raw.contentType ?? 'application/json' }),
    ...(access.token !== undefined && { authorization: `Bearer ${access.token}` }),
    ...raw.headers,
  };
}

/** The caller's own abort reason passes through as it is. */
export function networkError(error: unknown, server: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof StatusError) return error;
  if (signal?.aborted) return signal.reason;
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return timeout(`the API server at ${server} did not answer in time`, error);
  }
  return serviceUnavailable(`cannot reach the API server at ${server}: ${explain(code, error)}`, error);
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
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
