import type { Duplex } from 'node:stream';
import { StatusError, serviceUnavailable, timeout } from '#api/status-error.ts';
import { impersonate } from '../auth/impersonate.ts';
import { permit } from '../auth/permit.ts';
import type { UserInfo } from '../registry/registry.ts';
import { beginCall, type Call, withCallHeaders, withoutBody } from './call.ts';
import { withDeadline } from './deadline.ts';
import { createDefinitionIndex } from './definition-index.ts';
import type { Exchange, Services } from './exchange.ts';
import { createInFlight, defaultInFlightLimits, type InFlightLimits } from './in-flight.ts';
import type { ApiRequest, ApiResponse } from './message.ts';
import { compressed } from './respond.ts';
import { parseRoute, parseTarget, type ResourceRoute, type Route, type Target } from './route.ts';
import { notServed, statusResponse, toStatusError } from './status-response.ts';
import { attributesOf, servability, verbOf } from './verb.ts';
import { serveResource } from './verbs.ts';
import { createLineCache } from './watch-lines.ts';

export interface HandlerOptions extends Services {
  /** Discovery, health, version, metrics; undefined: no such path. */
  servePath(request: ApiRequest, target: Target): Promise<ApiResponse | undefined>;
  /** Requests to a `connect` subresource that are no upgrades: logs, proxied HTTP. */
  serveConnect(exchange: Exchange): Promise<ApiResponse>;
  /** Prepares an upgraded connection to a `connect` subresource. */
  upgradeConnect(exchange: Exchange): Promise<Upgrade>;
  /** Aborts when the server closes: ends watches and streams; other requests run to their end. */
  readonly closing: AbortSignal;
  readonly limits?: InFlightLimits | undefined;
  readonly requestTimeoutMs?: number | undefined;
}

/** Takes over the client's connection. */
export interface Upgrade {
  readonly kind: 'upgrade';
  /** Resolves when both sides are done; never rejects. `head` is what the client sent already. */
  run(client: Duplex, head: Buffer): Promise<void>;
}

/** The server without its sockets. Neither method ever rejects: whatever goes wrong is answered. */
export interface Handler {
  handle(request: ApiRequest): Promise<ApiResponse>;
  handleUpgrade(request: ApiRequest): Promise<ApiResponse | Upgrade>;
}

/** request → who is it → may it → what is it → answer. */
export function createHandler(options: HandlerOptions): Handler {
  const { metrics, clock, log, authenticator, authorizer, core } = options;
  const inFlight = createInFlight(options.limits ?? defaultInFlightLimits, metrics);
  const requestTimeoutMs = options.requestTimeoutMs ?? 60_000;
  const lines = createLineCache();
  const definitions = createDefinitionIndex(() => core.definitions());

  const identify = async (request: ApiRequest): Promise<UserInfo> =>
    impersonate(await authenticator.authenticate(request), request.headers, authorizer);

  const currentFor = ({ linked }: Call) => core.current && (() => core.current?.(linked.signal) ?? Promise.resolve());

  const refuseWhenClosing = (): void => {
    if (options.closing.aborted) throw serviceUnavailable('the server is shutting down');
  };

  async function answer(request: ApiRequest, call: Call): Promise<ApiResponse> {
    const target = parseTarget(request.target);
    const route = parseRoute(target.path);
    const user = await identify(request);
    if (isLongRunning(request, route, target)) {
      refuseWhenClosing();
      call.linked.follow(options.closing);
      return respond(request, call, target, route, user);
    }
    const leave = inFlight.enter(request.method, target.path);
    try {
      const work = respond(request, call, target, route, user);
      return await withDeadline(clock, requestTimeoutMs, call.linked, work);
    } finally {
      leave();
    }
  }

  async function respond(
    request: ApiRequest,
    call: Call,
    target: Target,
    route: Route,
    user: UserInfo,
  ): Promise<ApiResponse> {
    const encoding = request.headers['accept-encoding'];
    if (route.kind === 'resource') {
      const { exchange, verb } = await admit(request, call, target, route, user);
      if (exchange.subresource?.style === 'connect') return options.serveConnect(exchange);
      return compressed(await serveResource(exchange, verb, lines), encoding);
    }
    const attributes = { kind: 'path', verb: request.method.toLowerCase(), path: route.path } as const;
    await permit(authorizer, user, attributes, undefined);
    const response = await options.servePath(request, target);
    if (!response) throw notServed();
    return compressed(response, encoding);
  }

  /** Authorizes a request for a resource and finds what serves it; throws 403, 404 or 405. */
  async function admit(
    request: ApiRequest,
    call: Call,
    target: Target,
    route: ResourceRoute,
    user: UserInfo,
  ): Promise<{ exchange: Exchange; verb: string }> {
    const verb = verbOf(request.method, route, target.query);
    const attributes = attributesOf(verb ?? request.method.toLowerCase(), route, target.query);
    await permit(authorizer, user, attributes, currentFor(call));
    const { group, version, resource, subresource: subresourceName = '' } = route;
    const definition = definitions.find(group, version, resource);
    if (!definition) throw notServed();
    const subresource = definition.subresources.find(({ name }) => name === subresourceName);
    const served = servability(verb, route, definition, subresource);
    if (served === 'absent') throw notServed();
    if (served === 'method' || verb === undefined) throw wrongMethod();
    const metricVerb = subresource?.style === 'connect' ? 'CONNECT' : verb.toUpperCase();
    call.labels = { verb: metricVerb, group, version, resource, subresource: subresourceName };
    const context = { user, signal: call.linked.signal, warnings: call.warnings };
    return { exchange: { request, target, route, definition, subresource, context, services: options }, verb };
  }

  function failure(error: unknown, request: ApiRequest, { auditId }: Call): ApiResponse {
    // Nobody is there to be told, and nothing has failed here.
    if (request.signal.aborted && isCausedBy(error, request.signal.reason)) {
      log.debug({ auditId, method: request.method }, 'a client left before its answer');
      return statusResponse(timeout('the client has gone away'));
    }
    const status = toStatusError(error);
    if (status.reason === 'InternalError') {
      metrics.panicked();
      const { path } = parseTarget(request.target);
      log.error(
        { err: status.cause ?? error, auditId, method: request.method, path },
        'a request failed inside the server',
      );
    }
    return statusResponse(status);
  }

  function finish(request: ApiRequest, call: Call, response: ApiResponse): ApiResponse {
    metrics.requestDone(call.labels, response.status, clock.monotonicMs() - call.startMs);
    const finished = withCallHeaders(response, call);
    const { body } = finished;
    const isStream = body !== undefined && !Buffer.isBuffer(body);
    if (isStream && request.method !== 'HEAD') return { ...finished, body: held(body, call) };
    call.linked.release();
    return request.method === 'HEAD' ? withoutBody(finished) : finished;
  }

  /** Holds on to the request's signal until its stream is at an end. */
  async function* held(body: AsyncIterable<Buffer>, { linked }: Call): AsyncGenerator<Buffer> {
    metrics.longRunning(1);
    try {
      yield* body;
    } finally {
      metrics.longRunning(-1);
      linked.abort(answerEnded);
      linked.release();
    }
  }

  return {
    async handle(request) {
      const call = beginCall(request, options);
      const response = await answer(request, call).catch((error: unknown) => failure(error, request, call));
      return finish(request, call, response);
    },

    async handleUpgrade(request) {
      const call = beginCall(request, options);
      try {
        const target = parseTarget(request.target);
        const route = parseRoute(target.path);
        const user = await identify(request);
        refuseWhenClosing();
        call.linked.follow(options.closing);
        if (route.kind === 'path') throw notServed();
        const { exchange } = await admit(request, call, target, route, user);
        if (exchange.subresource?.style !== 'connect') throw notServed();
        const upgrade = await options.upgradeConnect(exchange);
        metrics.requestDone(call.labels, 101, clock.monotonicMs() - call.startMs);
        return { kind: 'upgrade', run: (client, head) => runUpgrade(upgrade, call, client, head) };
      } catch (error) {
        return finish(request, call, failure(error, request, call));
      }
    },
  };

  async function runUpgrade(upgrade: Upgrade, { linked }: Call, client: Duplex, head: Buffer): Promise<void> {
    metrics.longRunning(1);
    try {
      await upgrade.run(client, head);
    } finally {
      metrics.longRunning(-1);
      linked.release();
    }
  }
}

function isLongRunning(request: ApiRequest, route: Route, target: Target): boolean {
  if (route.kind === 'path') return false;
  if (route.subresource !== undefined && longSubresources.has(route.subresource)) return true;
  return verbOf(request.method, route, target.query) === 'watch';
}

function isCausedBy(error: unknown, reason: unknown): boolean {
  for (let each = error; each !== undefined; each = each instanceof Error ? each.cause : undefined) {
    if (each === reason) return true;
  }
  return false;
}

const answerEnded = new Error('the answer has ended');

const longSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

const wrongMethod = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
