import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import { type Authorizer, createAuthorizer } from './auth/authorizer.ts';
import { createPathHandler } from './discovery/paths.ts';
import type { ServerCore } from './http/exchange.ts';
import { createHandler, type Handler } from './http/handler.ts';
import type { InFlightLimits } from './http/in-flight.ts';
import { type Listener, listen } from './http/listener.ts';
import { createServerMetrics, type ServerMetrics } from './metrics/metrics.ts';
import { createConnectHandler } from './proxy/connect.ts';
import type { NodeProxyOptions } from './proxy/node-backend.ts';

export interface ApiServerOptions {
  readonly core: ServerCore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The server's own certificate; PEM. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** PEM of the CA that signs client certificates. */
  readonly clientCa: string;
  /** Default: all addresses, any free port. */
  readonly listen?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** Default: client certificates only. */
  readonly authenticator?: Authenticator | undefined;
  /** Default: members of system:masters may do everything. */
  readonly authorizer?: Authorizer | undefined;
  /** How nodes' agents are reached; without it logs, exec and the like answer 503. */
  readonly nodeProxy?: NodeProxyOptions | undefined;
  readonly metrics?: ServerMetrics | undefined;
  readonly berthVersion?: string | undefined;
  /** host:port for clients; default: what the server listens on. */
  readonly advertise?: string | undefined;
  readonly limits?: InFlightLimits | undefined;
  /** Default: 60 s. Watches and streams are exempt. */
  readonly requestTimeoutMs?: number | undefined;
}

export interface ApiServer extends Handler {
  /** Starts to take connections. Rejects when it cannot. */
  listen(): Promise<{ readonly port: number }>;
  /** Ends the connections of clients whose certificate was revoked. */
  dropRevoked(): void;
  /** Not ready from now on; ends watches and streams, lets requests end for `graceMs` (default 10 s), then cuts. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

/** The API over HTTPS, above an ApiCore. `handle` works without a socket. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { core, clock, random, log } = options;
  const metrics = options.metrics ?? createServerMetrics();
  const authenticator = options.authenticator ?? createAuthenticator({ clock });
  const closing = new AbortController();
  let listener: Listener | undefined;
  const paths = createPathHandler({
    definitions: () => core.definitions(),
    ready: () => core.ready(),
    isClosing: () => closing.signal.aborted,
    metrics,
    berthVersion: options.berthVersion ?? '0.1.0',
    serverAddress: () => options.advertise ?? `127.0.0.1:${listener?.port ?? 0}`,
  });
  const connect = createConnectHandler(options.nodeProxy);
  const handler = createHandler({
    core,
    clock,
    random,
    log,
    metrics,
    authenticator,
    authorizer: options.authorizer ?? createAuthorizer(),
    servePath: (request, target) => paths.serve(request, target),
    serveConnect: (exchange) => connect.serve(exchange),
    upgradeConnect: (exchange) => connect.upgrade(exchange),
    closing: closing.signal,
    limits: options.limits,
    requestTimeoutMs: options.requestTimeoutMs,
  });
  return {
    handle: (request) => handler.handle(request),
    handleUpgrade: (request) => handler.handleUpgrade(request),
    async listen() {
      const { host = '::', port = 0 } = options.listen ?? {};
      listener = await listen({ handler, clock, log, tls: options.tls, clientCa: options.clientCa, host, port });
      return { port: listener.port };
    },
    dropRevoked: () => listener?.disconnect((peer) => authenticator.isRevoked(peer)),
    async close(graceMs = 10_000) {
      closing.abort(serverClosing);
      await listener?.close(graceMs);
    },
  };
}

const serverClosing = new Error('the server is shutting down');
