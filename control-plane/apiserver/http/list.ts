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

const comma = Buffer.from(',');
const listEnd = Buffer.from(']}');

/** A list out of the bytes that the cache holds. */
export function listJson(definition: ResourceDefinition, entries: readonly CachedObject[], meta: V1ListMeta): Buffer {
  const head = { kind: `${definition.type.kind}List`, apiVersion: apiVersionOf(definition.type), metadata: meta };
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  for (const [index, entry] of entries.entries()) {
    if (index > 0) parts.push(comma);
    parts.push(entry.json);
  }
  parts.push(listEnd);
  return Buffer.concat(parts);
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
