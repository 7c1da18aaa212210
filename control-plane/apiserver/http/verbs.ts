import { notFound } from '#api/status-error.ts';
import { serveReview } from '../auth/reviews.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { type Exchange, keyOf } from './exchange.ts';
import { listMeta, listRepresentation, listResponse, objectRepresentation, objectResponse } from './list.ts';
import type { ApiResponse } from './message.ts';
import { listParameters } from './query.ts';
import { serveScale } from './scale-verbs.ts';
import { notServed } from './status-response.ts';
import { serveWatch } from './watch.ts';
import type { LineCache } from './watch-lines.ts';
import {
  serveAction,
  serveCreate,
  serveDelete,
  serveDeleteCollection,
  servePatch,
  serveUpdate,
} from './write-verbs.ts';

/** Answers a request for objects, once it is known to be allowed and to exist. `verb` as in authorization. */
export function serveResource(exchange: Exchange, verb: string, lines: LineCache): Promise<ApiResponse> {
  const { subresource, services, definition } = exchange;
  const { group, version, resource } = definition.type;
  if (subresource?.style === 'action') return serveAction(exchange);
  const registry = services.core.registry(group, version, resource);
  if (!registry) return serveReview(exchange);
  if (subresource?.style === 'scale') return serveScale(exchange, registry, verb);
  return serveObject(exchange, registry, verb, lines);
}

function serveObject(
  exchange: Exchange,
  registry: ResourceRegistry,
  verb: string,
  lines: LineCache,
): Promise<ApiResponse> {
  switch (verb) {
    case 'get':
      return serveGet(exchange, registry);
    case 'list':
      return serveList(exchange, registry);
    case 'watch':
      return serveWatch(exchange, registry, listParameters(exchange.target.query, true), lines);
    case 'create':
      return serveCreate(exchange, registry);
    case 'update':
      return serveUpdate(exchange, registry);
    case 'patch':
      return servePatch(exchange, registry);
    case 'delete':
      return serveDelete(exchange, registry);
    case 'deletecollection':
      return serveDeleteCollection(exchange, registry);
    default:
      throw notServed();
  }
}

async function serveGet(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const representation = objectRepresentation(exchange);
  const resourceVersion = exchange.target.query.get('resourceVersion') ?? undefined;
  const key = keyOf(exchange);
  if (!key.name) throw notFound(exchange.definition.type, '');
  const entry = await registry.get(exchange.context, key, { resourceVersion });
  return objectResponse(exchange, 200, entry, representation);
}

async function serveList(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const representation = listRepresentation(exchange);
  const parameters = listParameters(exchange.target.query, false);
  const result = await registry.list(exchange.context, { ...parameters, namespace: exchange.route.namespace });
  return listResponse(exchange, result.items, listMeta(result), representation);
}
