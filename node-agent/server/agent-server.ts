/** The node agent's own HTTPS server, with the kubelet's paths: the API server comes here for logs, exec and the like. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ImageStore } from '../images/store.ts';
import type { PodLookup } from '../pods/lookup.ts';
import { isRuntimeError } from '../runtime/errors.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { authorize, type Caller, isTrusted } from './authorize.ts';
import { createImageRoutes } from './images-route.ts';
import { openLogs } from './logs-route.ts';
import { RefusedError } from './refused.ts';
import { resourceMetrics, summarise } from './stats.ts';
import { findTarget } from './stream/target.ts';
import { createUpgrader, refuse } from './stream/upgrade.ts';
import { createSampler } from './usage.ts';

export interface AgentServerOptions {
  readonly runtime: ContainerRuntime;
  readonly pods: PodLookup;
  readonly nodeName: string;
  /** PEM of our own certificate and key. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** PEM of the CA whose client certificates we take. */
  readonly clientCa: string;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** @default the API server's own certificate, and group system:masters */
  readonly mayCall?: ((caller: Caller) => boolean) | undefined;
  /** Takes the images that are sent to this node. @default it takes none */
  readonly images?: ImageStore | undefined;
  /** Images that no one may remove. Complete names. */
  readonly protectedImages?: readonly string[] | undefined;
  /** The agent's own metrics, in Prometheus' text format. */
  readonly metrics?: (() => Promise<string>) | undefined;
  /** @default 4 hours */
  readonly streamIdleTimeoutMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AgentServer {
  /** Resolves with the port. Rejects when it is taken. */
  listen(): Promise<number>;
  /** For connections from now on; PEM. */
  setCertificate(tls: AgentServerOptions['tls']): void;
  /** Ends all connections, streams included. */
  close(): Promise<void>;
}

const defaultIdleTimeoutMs = 4 * 3_600_000;

export function createAgentServer(options: AgentServerOptions): AgentServer {
  const { runtime, pods, nodeName, clock, log, mayCall = isTrusted } = options;
  const secureContext = ({ certificate: cert, key }: AgentServerOptions['tls']) =>
    ({ cert, key, ca: options.clientCa, minVersion: 'TLSv1.2' }) as const;
  const server = createServer({
    ...secureContext(options.tls),
    requestCert: true,
    // Refused in HTTP, where the client can read why.
    rejectUnauthorized: false,
  });
  // A layer takes as long as it takes. Who may not send one is refused by the headers, and those have a time-out.
  server.requestTimeout = 0;
  const idleTimeoutMs = options.streamIdleTimeoutMs ?? defaultIdleTimeoutMs;
  const upgrader = createUpgrader({ clock, log, idleTimeoutMs });
  const sampler = createSampler({ runtime, pods, nodeName, clock });
  const images = createImageRoutes({
    runtime,
    store: options.images,
    protectedNames: options.protectedImages ?? [],
    clock,
  });
  const connections = new Set<import('node:net').Socket>();

  const routes: Readonly<Record<string, (request: AgentRequest) => Promise<Answer>>> = {
    healthz: async () => text('ok'),
    pods: async () => json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods.list() }),
    'stats/summary': async ({ signal }) => {
      const { now, before } = await sampler.sample(signal);
      return json(summarise(now, before));
    },
    metrics: async () => {
      if (!options.metrics) throw new RefusedError(404, 'this agent keeps no metrics');
      return { type: metricsType, body: await options.metrics() };
    },
    'metrics/resource': async ({ signal }) => ({
      type: metricsType,
      body: resourceMetrics((await sampler.sample(signal)).now),
    }),
  };

  const answer = async (request: AgentRequest): Promise<Answer> => {
    const { segments, method, query, signal } = request;
    const [verb, namespace = '', pod = '', container = ''] = segments;
    if (verb !== undefined && streamVerbs.has(verb)) throw new RefusedError(400, 'Upgrade request required');
    if (verb === 'images') return json(await images.handle({ ...request, segments: segments.slice(1) }));
    if (method !== 'GET' && method !== 'HEAD') throw new RefusedError(405, 'method not allowed');
    if (verb === 'containerLogs' && segments.length === 4) {
      return { type: textType, body: openLogs({ namespace, pod, container, query }, pods, clock, signal) };
    }
    const route = Object.hasOwn(routes, segments.join('/')) ? routes[segments.join('/')] : undefined;
    if (!route) throw new RefusedError(404, '404 page not found');
    return route(request);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      checkCaller(request, mayCall);
      const { type, body } = await answer({
        ...parseTarget(request),
        method: request.method ?? '',
        body: request,
        signal: gone.signal,
      });
      response.writeHead(200, { 'content-type': type });
      if (request.method === 'HEAD') response.end();
      else if (typeof body === 'string') response.end(body);
      else {
        // A follower learns at once that the log is open, although it may be silent for long.
        response.flushHeaders();
        await pipeline(Readable.from(body, { objectMode: true, highWaterMark: 1 }), response);
      }
    } catch (error) {
      if (gone.signal.aborted) return;
      const { status, message } = refusalOf(error);
      if (status >= 500) log.warn({ path: request.url, error }, 'request failed');
      if (response.headersSent) return void response.destroy();
      // What is left of the request is not waited for.
      const headers = { 'content-type': textType, ...(!request.complete && { connection: 'close' }) };
      response.writeHead(status, headers).end(message);
    }
  };

  const upgrade = async (
    request: IncomingMessage,
    socket: import('node:stream').Duplex,
    head: Buffer,
  ): Promise<void> => {
    socket.on('error', () => socket.destroy());
    try {
      checkCaller(request, mayCall);
      const { segments, query } = parseTarget(request);
      const target = await findTarget(segments, query, { pods, runtime });
      if (!target) throw new RefusedError(404, '404 page not found');
      await upgrader.upgrade(request, socket, head, target);
    } catch (error) {
      const { status, message } = refusalOf(error);
      if (status >= 500) log.warn({ path: request.url, error }, 'stream failed');
      refuse(socket, status, message);
    }
  };

  server.on('request', (request, response) => void serve(request, response));
  server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head));
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.listen.port, options.listen.host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : options.listen.port);
        });
      }),
    setCertificate: (tls) => server.setSecureContext(secureContext(tls)),
    close: () =>
      new Promise((resolve) => {
        upgrader.close();
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      }),
  };
}

const streamVerbs: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward']);
const textType = 'text/plain; charset=utf-8';
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

interface AgentRequest {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly method: string;
  readonly body: AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly type: string;
  readonly body: string | AsyncIterable<Buffer>;
}

const text = (body: string): Answer => ({ type: textType, body });
const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) });

function checkCaller({ socket }: IncomingMessage, mayCall: (caller: Caller) => boolean): void {
  if (!(socket instanceof TLSSocket)) throw new RefusedError(401, 'Unauthorized');
  authorize(socket, mayCall);
}

function parseTarget({ url = '/' }: IncomingMessage): { segments: string[]; query: URLSearchParams } {
  const [path = '', query = ''] = url.split('?', 2);
  try {
    const segments = path.split('/').filter((segment) => segment !== '');
    return { segments: segments.map(decodeURIComponent), query: new URLSearchParams(query) };
  } catch {
    throw new RefusedError(400, 'the path is not URL-encoded');
  }
}

function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof RefusedError) return { status: error.status, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { status: isRuntimeError(error, 'not-found') ? 404 : 500, message };
}
