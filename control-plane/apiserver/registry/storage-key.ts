import type { ObjectKey } from '#api/meta.ts';
import { badRequest } from '#api/status-error.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export const storagePrefix = '/registry/';

/** Everything of a kind, or what it has in one namespace. */
export function prefixOf({ storagePath }: Pick<ResourceDefinition, 'storagePath'>, namespace?: string): string {
  const all = `${storagePrefix}${storagePath}/`;
  return namespace === undefined ? all : `${all}${segment(namespace)}/`;
}

/** `/registry/pods/default/web`. */
export function storageKeyOf(
  definition: Pick<ResourceDefinition, 'storagePath' | 'type'>,
  { namespace, name }: ObjectKey,
): string {
  if (!definition.type.namespaced) return `${prefixOf(definition)}${segment(name)}`;
  if (!namespace) throw badRequest('an empty namespace may not be set when a resource name is provided');
  return `${prefixOf(definition, namespace)}${segment(name)}`;
}

/** Back from a storage key to the object's. */
export function objectKeyOf(
  definition: Pick<ResourceDefinition, 'storagePath' | 'type'>,
  storageKey: string,
): ObjectKey {
  const rest = storageKey.slice(prefixOf(definition).length);
  const slash = rest.indexOf('/');
  return slash < 0 ? { name: rest } : { namespace: rest.slice(0, slash), name: rest.slice(slash + 1) };
}

/** A name never reaches into another one's keys. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('%')) {
    throw badRequest(`invalid name ${JSON.stringify(name)}`);
  }
  return name;
}
