import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { badRequest, qualified, StatusError } from '#api/status-error.ts';
import type { RequestContext, WriteQuery } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Action, ActionHost } from './action.ts';
import { bindPod } from './binding.ts';
import { evictPod } from './eviction.ts';

const actions = new Map<string, Action>([
  ['pods/binding', bindPod],
  ['pods/eviction', evictPod],
]);

/** A POST to a subresource with a body of its own. 501 for what this version cannot do. */
export function runAction(
  host: ActionHost,
  context: RequestContext,
  definition: ResourceDefinition,
  key: ObjectKey,
  subresource: string,
  body: KubeObject,
  options: WriteQuery,
): Promise<KubeObject> {
  const { type } = definition;
  const action = actions.get(`${qualified(type)}/${subresource}`);
  if (!action) {
    throw new StatusError(
      501,
      'Unknown',
      `${type.resource}/${subresource} is not supported yet by this version of Berth`,
      { kind: type.resource, name: key.name },
    );
  }
  const bodyName = body.metadata?.name;
  if (bodyName && bodyName !== key.name) {
    throw badRequest(`the name of the object (${bodyName}) does not match the name on the URL (${key.name})`);
  }
  const bodyNamespace = body.metadata?.namespace;
  if (bodyNamespace && bodyNamespace !== key.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return action(host, context, key, body, options);
}
