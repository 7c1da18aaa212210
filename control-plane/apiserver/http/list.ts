import type { V1ListMeta } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import type { CachedObject, ListResult } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { partialMetadataJson, partialMetadataListJson, tableJson } from '../table/table.ts';
import type { Exchange } from './exchange.ts';
import type { ApiResponse } from './message.ts';
import { negotiate, type Representation, wantsPretty } from './negotiate.ts';
import { includeObject } from './query.ts';
import { jsonResponse } from './respond.ts';

const listEnd = ']}';

/** A list out of the JSON that the cache holds: each is written once, right into its place. */
export function listJson(definition: ResourceDefinition, entries: readonly CachedObject[], meta: V1ListMeta): Buffer {
  const head = { kind: `${definition.type.kind}List`, apiVersion: apiVersionOf(definition.type), metadata: meta };
  const begin = `${JSON.stringify(head).slice(0, -1)},"items":[`;
  const commas = Math.max(0, entries.length - 1);
  const frame = Buffer.byteLength(begin) + commas + listEnd.length;
  const length = entries.reduce((sum, { json }) => sum + Buffer.byteLength(json), frame);
  const list = Buffer.allocUnsafe(length);
  let at = list.write(begin);
  for (const [index, { json }] of entries.entries()) {
    if (index > 0) at += list.write(',', at, 'latin1');
    at += list.write(json, at);
  }
  list.write(listEnd, at, 'latin1');
  return list;
}

export const listMeta = (result: ListResult<KubeObject>): V1ListMeta => ({
  resourceVersion: result.resourceVersion,
  ...(result.continue && { continue: result.continue }),
  ...(result.remainingItemCount !== undefined && { remainingItemCount: result.remainingItemCount }),
});

export const listRepresentation = ({ request, target }: Exchange): Representation =>
  negotiate(request.headers.accept, wantsPretty(target.query, request.headers['user-agent']), {
    transformations: ['Table', 'PartialObjectMetadataList'],
  });

/** Writes entries as a list, a Table or a PartialObjectMetadataList, as was negotiated. */
export async function listResponse(
  exchange: Exchange,
  entries: readonly CachedObject[],
  meta: V1ListMeta,
  representation: Representation,
): Promise<ApiResponse> {
  const { definition, target, services } = exchange;
  const { as } = representation;
  if (as === undefined) return jsonResponse(200, listJson(definition, entries, meta), representation);
  if (as.kind === 'Table') {
    const include = includeObject(target.query);
    const options = { definition, include, version: as.version, nowMs: services.clock.now(), withColumns: true };
    return jsonResponse(200, tableJson(entries, meta, options), representation);
  }
  return jsonResponse(200, partialMetadataListJson(entries, meta, as.version), representation);
}

export const objectRepresentation = ({ request, target }: Exchange): Representation =>
  negotiate(request.headers.accept, wantsPretty(target.query, request.headers['user-agent']), {
    transformations: ['Table', 'PartialObjectMetadata'],
  });

/** Writes one object, whole or as a Table of one row or as its metadata. */
export async function objectResponse(
  exchange: Exchange,
  status: number,
  entry: CachedObject,
  representation: Representation,
): Promise<ApiResponse> {
  const { as } = representation;
  if (as === undefined) return jsonResponse(status, entry.json, representation);
  if (as.kind === 'Table') {
    const { resourceVersion } = entry.object.metadata;
    return { ...(await listResponse(exchange, [entry], { resourceVersion }, representation)), status };
  }
  return jsonResponse(status, partialMetadataJson(entry.object, as.version), representation);
}
