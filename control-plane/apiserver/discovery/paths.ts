import { createHash } from 'node:crypto';
import { createOpenApiDocuments } from '#api/openapi/documents.ts';
import { methodNotAllowed } from '#api/status-error.ts';
import type { Readiness } from '../http/exchange.ts';
import type { ApiRequest, ApiResponse } from '../http/message.ts';
import { negotiate, wantsPretty } from '../http/negotiate.ts';
import { jsonResponse, textResponse } from '../http/respond.ts';
import type { Target } from '../http/route.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { aggregatedContentType, groupDiscoveryList, wantsAggregated } from './aggregated.ts';
import { type ApiGroup, groupsOf } from './groups.ts';
import { healthResponse } from './health.ts';
import { createOpenApiHandler } from './openapi.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions, groupVersion } from './resource-list.ts';
import { versionInfo } from './version.ts';

export interface PathOptions {
  definitions(): readonly ResourceDefinition[];
  ready(): Readiness;
  readonly isClosing: () => boolean;
  readonly metrics: ServerMetrics;
  /** Berth's own, as in package.json. */
  readonly berthVersion: string;
  /** host:port that clients reach this server under. */
  serverAddress(): string;
}

/** Everything under URLs that name no resource: discovery, OpenAPI, health, version, metrics. */
export function createPathHandler(options: PathOptions) {
  let known: readonly ResourceDefinition[] | undefined;
  let groups: ApiGroup[] = [];
  let openApi: ReturnType<typeof createOpenApiHandler> | undefined;

  const refresh = (): void => {
    const definitions = options.definitions();
    if (definitions === known) return;
    known = definitions;
    groups = groupsOf(definitions);
    openApi = createOpenApiHandler(createOpenApiDocuments(definitions));
  };

  const json = (request: ApiRequest, { query }: Target, value: object): Promise<ApiResponse> => {
    const pretty = wantsPretty(query, request.headers['user-agent']);
    return jsonResponse(200, JSON.stringify(value), negotiate(request.headers.accept, pretty, { transformations: [] }));
  };

  const groupList = async (request: ApiRequest, target: Target, isCore: boolean): Promise<ApiResponse> => {
    const version = wantsAggregated(request.headers.accept);
    const listed = groups.filter(({ name }) => (name === '') === isCore);
    if (!version) return json(request, target, isCore ? apiVersions(options.serverAddress()) : apiGroupList(listed));
    const body = Buffer.from(JSON.stringify(groupDiscoveryList(listed, version)));
    const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`;
    const headers = { etag, vary: 'Accept', 'content-type': aggregatedContentType(version) };
    return request.headers['if-none-match'] === etag ? { status: 304, headers } : { status: 200, headers, body };
  };

  const resources = async (
    request: ApiRequest,
    target: Target,
    group: string,
    version: string,
  ): Promise<ApiResponse | undefined> => {
    const found = groups.find(({ name }) => name === group);
    const one = found?.versions.find((candidate) => candidate.version === version);
    return found && one && json(request, target, apiResourceList(found, one));
  };

  const health = (endpoint: string, { query }: Target, only?: string): ApiResponse => {
    const ping = { name: 'ping', ok: true };
    const shutdown = { name: 'shutdown', ok: !options.isClosing(), message: 'the server is shutting down' };
    const { checks } = options.ready();
    const all =
      endpoint === 'livez' ? [ping] : endpoint === 'healthz' ? [ping, ...checks] : [ping, ...checks, shutdown];
    return healthResponse(endpoint, all, query, only);
  };

  const serveGet = async (request: ApiRequest, target: Target, parts: string[]): Promise<ApiResponse | undefined> => {
    const [first, second, third] = parts;
    switch (first) {
      case undefined:
        return json(request, target, { paths: pathList(groups) });
      case 'api':
        if (parts.length === 1) return groupList(request, target, true);
        return parts.length === 2 ? resources(request, target, '', second ?? '') : undefined;
      case 'apis': {
        if (parts.length === 1) return groupList(request, target, false);
        if (parts.length === 3) return resources(request, target, second ?? '', third ?? '');
        const group = groups.find(({ name }) => name !== '' && name === second);
        return group && parts.length === 2
          ? json(request, target, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) })
          : undefined;
      }
      case 'openapi':
        return openApi?.serve(request, target.path.slice('/openapi'.length), target.query);
      case 'version':
        return parts.length === 1 ? json(request, target, versionInfo(options.berthVersion)) : undefined;
      case 'healthz':
      case 'livez':
      case 'readyz':
        return parts.length <= 2 ? health(first, target, second) : undefined;
      case 'metrics': {
        if (parts.length !== 1) return undefined;
        const { registry } = options.metrics;
        return textResponse(200, await registry.metrics(), registry.contentType);
      }
      default:
        return undefined;
    }
  };

  return {
    async serve(request: ApiRequest, target: Target): Promise<ApiResponse | undefined> {
      refresh();
      const parts = target.path.split('/').slice(1);
      if (parts.at(-1) === '') parts.pop();
      const answered = await serveGet(request, target, parts);
      if (!answered || request.method === 'GET' || request.method === 'HEAD') return answered;
      throw methodNotAllowed({ group: '', resource: target.path }, request.method.toLowerCase());
    },
  };
}

function pathList(groups: readonly ApiGroup[]): string[] {
  const named = groups.filter(({ name }) => name);
  const groupPaths = named.flatMap(({ name, versions }) => [
    `/apis/${name}`,
    ...versions.map(({ version }) => `/apis/${groupVersion(name, version)}`),
  ]);
  const own = ['/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'];
  return ['/api', '/api/v1', '/apis', ...groupPaths.sort(), ...own];
}
