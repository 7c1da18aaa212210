import { type ResourceAttributes, selectedName } from '../auth/attributes.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.ts';
import { flag } from './query.ts';
import type { ResourceRoute } from './route.ts';

/** The verb of a request in the words of authorization; undefined for methods that the API does not know. */
export function verbOf(method: string, route: ResourceRoute, query: URLSearchParams): string | undefined {
  const isCollection = route.name === undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (route.legacyWatch) return 'watch';
      if (!isCollection) return 'get';
      return query.size > 0 && flag(query, 'watch') ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isCollection ? 'deletecollection' : 'delete';
    default:
      return undefined;
  }
}

export function attributesOf(verb: string, route: ResourceRoute, query: URLSearchParams): ResourceAttributes {
  const { group, version, resource, subresource, namespace } = route;
  const isNamespaceItself = resource === 'namespaces' && group === '';
  const fieldSelector = query.size > 0 ? (query.get('fieldSelector') ?? undefined) : undefined;
  return {
    kind: 'resource',
    verb,
    group,
    version,
    resource,
    subresource,
    namespace: isNamespaceItself ? route.name : namespace,
    name: route.name ?? selectedName(fieldSelector),
    fieldSelector,
  };
}

/** `absent`: there is no such URL. `method`: there is, but not with this method. */
export function servability(
  verb: string | undefined,
  route: ResourceRoute,
  definition: ResourceDefinition,
  subresource: SubresourceDefinition | undefined,
): 'served' | 'absent' | 'method' {
  const { namespaced } = definition.type;
  if (route.tooLong || (route.subresource !== undefined && !subresource)) return 'absent';
  if (!namespaced && route.namespace !== undefined) return 'absent';
  if (namespaced && route.namespace === undefined && route.name !== undefined) return 'absent';
  if (verb === undefined) return 'method';
  const verbs: readonly string[] = subresource?.verbs ?? definition.verbs;
  if (!verbs.includes(verb)) return 'method';
  if (subresource) return 'served';
  const acrossNamespaces = namespaced && route.namespace === undefined;
  if (acrossNamespaces && verb !== 'list' && verb !== 'watch') return 'method';
  // POST makes a new object in a collection and is never sent to an object; PUT and PATCH are never sent to a collection.
  const needsName = verb === 'update' || verb === 'patch';
  const forbidsName = verb === 'create';
  return (route.name === undefined ? needsName : forbidsName) ? 'method' : 'served';
}
