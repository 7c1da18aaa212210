import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf, resourceType } from '#api/resource-type.ts';
import { decodeObject } from '#api/schema/decode.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { badRequest } from '#api/status-error.ts';
import { patchChange } from '../actions/patch.ts';
import { runAction } from '../actions/run-action.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { bodyFormat, readBody } from './body.ts';
import { type Exchange, keyOf } from './exchange.ts';
import { listRepresentation, listResponse, objectRepresentation, objectResponse } from './list.ts';
import type { ApiResponse } from './message.ts';
import { readPatch } from './patch-body.ts';
import { checkDeleteOptions, deleteOptionsFrom, listParameters, writeParameters } from './query.ts';
import { parseBody, readObject } from './read-object.ts';
import { jsonResponse } from './respond.ts';

export async function serveCreate(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const { request, definition, context, target, route } = exchange;
  const representation = objectRepresentation(exchange);
  const parameters = writeParameters(target.query, 'CreateOptions');
  const object = await readObject(request, definition.type, parameters.fieldValidation, context.warnings);
  checkNamespace(object, route.namespace);
  const { entry } = await registry.create(context, object, { ...parameters, namespace: route.namespace });
  return objectResponse(exchange, 201, entry, representation);
}

export async function serveUpdate(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const { request, definition, context, target, route } = exchange;
  const representation = objectRepresentation(exchange);
  const parameters = writeParameters(target.query, 'UpdateOptions');
  const object = await readObject(request, definition.type, parameters.fieldValidation, context.warnings);
  checkNamespace(object, route.namespace);
  checkName(object, route.name ?? '');
  const options = { ...parameters, subresource: route.subresource };
  const { entry, created } = await registry.update(context, keyOf(exchange), object, options);
  return objectResponse(exchange, created ? 201 : 200, entry, representation);
}

export async function servePatch(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const { request, definition, context, target, route } = exchange;
  const representation = objectRepresentation(exchange);
  const parameters = writeParameters(target.query, 'PatchOptions');
  const patch = await readPatch(request);
  const change = patchChange(definition, patch, parameters.fieldValidation, context.warnings);
  const options = { ...parameters, subresource: route.subresource };
  const { entry } = await registry.modify(context, keyOf(exchange), change, options);
  return objectResponse(exchange, 200, entry, representation);
}

export async function serveDelete(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const { context, definition } = exchange;
  const representation = objectRepresentation(exchange);
  const options = await readDeleteOptions(exchange);
  const { entry, gone } = await registry.delete(context, keyOf(exchange), options);
  const { type } = definition;
  if (!gone || returnsDeleted.has(`${type.group}/${type.resource}`)) {
    const isAccepted = !gone && (options.propagationPolicy === 'Foreground' || options.orphanDependents === false);
    return objectResponse(exchange, isAccepted ? 202 : 200, entry, representation);
  }
  const { name, uid } = entry.object.metadata;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(type.group && { group: type.group }), kind: type.resource, uid },
  };
  return jsonResponse(200, JSON.stringify(status), { ...representation, as: undefined });
}

/** The kinds whose DELETE answers the object itself and not a Status. */
const returnsDeleted = new Set([
  '/pods',
  '/services',
  '/serviceaccounts',
  '/persistentvolumes',
  '/persistentvolumeclaims',
  '/resourcequotas',
  '/podtemplates',
]);

export async function serveDeleteCollection(exchange: Exchange, registry: ResourceRegistry): Promise<ApiResponse> {
  const { context, target, route } = exchange;
  const representation = listRepresentation(exchange);
  const parameters = listParameters(withoutDeleteOptions(target.query), false);
  const options = await readDeleteOptions(exchange);
  const deleted = await registry.deleteCollection(context, { ...parameters, namespace: route.namespace }, options);
  return listResponse(exchange, deleted, {}, representation);
}

function withoutDeleteOptions(query: URLSearchParams): URLSearchParams {
  const list = new URLSearchParams(query);
  for (const name of ['gracePeriodSeconds', 'orphanDependents', 'propagationPolicy', 'dryRun']) list.delete(name);
  return list;
}

async function readDeleteOptions({ request, target, context }: Exchange): Promise<V1DeleteOptions> {
  const body = await readBody(request);
  let options: V1DeleteOptions;
  if (body.length === 0) options = deleteOptionsFrom(target.query);
  else {
    const { value } = await parseBody(body, bodyFormat(request.headers['content-type']), deleteOptionsType.model);
    if (!isJsonObject(value) || (value.kind !== undefined && value.kind !== 'DeleteOptions')) {
      throw badRequest('decoded object cannot be converted to DeleteOptions');
    }
    // Clients name the group's own version here; the fields are the same in all.
    const identity = { kind: deleteOptionsType.kind, apiVersion: apiVersionOf(deleteOptionsType) };
    const decoded = decodeObject(deleteOptionsType, { ...value, ...identity }, 'Warn');
    context.warnings.push(...decoded.warnings);
    options = decoded.object;
  }
  checkDeleteOptions(options);
  return options;
}

const deleteOptionsType = resourceType<V1DeleteOptions>('', 'v1', 'deleteoptions', 'DeleteOptions');

/** POST to a subresource with a body of its own. */
export async function serveAction(exchange: Exchange): Promise<ApiResponse> {
  const { request, definition, subresource, context, services, target } = exchange;
  const representation = objectRepresentation(exchange);
  const parameters = writeParameters(target.query, 'CreateOptions');
  const { group, version, kind, model } = subresource?.body ?? { ...definition.type };
  const { otherVersions } = subresource?.body ?? {};
  const bodyType = resourceType(group, version, subresource?.name ?? '', kind, model ? { model } : {});
  const validation = parameters.fieldValidation;
  const body = await readObject(request, bodyType, validation, context.warnings, otherVersions);
  const host = { registry: services.core.registry, clock: services.clock };
  const answer = await runAction(host, context, definition, keyOf(exchange), subresource?.name ?? '', body, parameters);
  return jsonResponse(201, JSON.stringify(answer), { ...representation, as: undefined });
}

function checkNamespace(object: KubeObject, namespace: string | undefined): void {
  const sent = object.metadata?.namespace;
  if (sent && namespace && sent !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

function checkName(object: KubeObject, name: string): void {
  const sent = object.metadata?.name;
  if (!sent) throw badRequest('name must be provided');
  if (sent !== name) {
    throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
  }
}
