import type { V1Scale } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import { resourceType } from '#api/resource-type.ts';
import { badRequest } from '#api/status-error.ts';
import { patchChange } from '../actions/patch.ts';
import { scaleOf, withScale } from '../actions/scale.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type Exchange, keyOf } from './exchange.ts';
import { objectRepresentation } from './list.ts';
import type { ApiResponse } from './message.ts';
import { readPatch } from './patch-body.ts';
import { writeParameters } from './query.ts';
import { readObject } from './read-object.ts';
import { jsonResponse } from './respond.ts';

const scaleType = resourceType<V1Scale>('autoscaling', 'v1', 'scales', 'Scale');
const scaleDefinition: ResourceDefinition<V1Scale> = {
  type: scaleType,
  storagePath: '',
  verbs: [],
  strategy: {},
  subresources: [],
  columns: [],
};

/** GET, PUT and PATCH of …/scale. */
export async function serveScale(exchange: Exchange, registry: ResourceRegistry, verb: string): Promise<ApiResponse> {
  const representation = { ...objectRepresentation(exchange), as: undefined };
  const object = await scaled(exchange, registry, verb);
  return jsonResponse(200, JSON.stringify(scaleOf(exchange.definition, object)), representation);
}

async function scaled(exchange: Exchange, registry: ResourceRegistry, verb: string): Promise<KubeObject> {
  const { request, context, definition, target } = exchange;
  const key = keyOf(exchange);
  if (verb === 'get') return (await registry.get(context, key, {})).object;
  const parameters = writeParameters(target.query, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions');
  const options = { ...parameters, subresource: 'scale' };
  if (verb === 'patch') {
    const change = patchChange(scaleDefinition, await readPatch(request), parameters.fieldValidation, context.warnings);
    const patch = (current: KubeObject) => withScale(definition, current, change(scaleOf(definition, current)));
    return (await registry.modify(context, key, patch, options)).entry.object;
  }
  const scale = await readObject(request, scaleType, parameters.fieldValidation, context.warnings);
  const sent = scale.metadata?.name;
  if (sent && sent !== key.name) {
    throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${key.name})`);
  }
  return (await registry.modify(context, key, (current) => withScale(definition, current, scale), options)).entry
    .object;
}
