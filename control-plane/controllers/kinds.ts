import * as kinds from '#api/kinds.ts';
import type { ResourceType } from '#api/resource-type.ts';

/** Asked and answered, never stored: there is nothing to list, watch or delete. */
const notStored = new Set(['bindings', 'componentstatuses']);
const notStoredGroups = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/** All built-in kinds that can be listed, watched and deleted, by name: the order of a module's exports is not the same everywhere. */
export const servedKinds: readonly ResourceType[] = Object.values<ResourceType>(kinds)
  .filter(({ group, resource }) => !notStored.has(resource) && !notStoredGroups.has(group))
  .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

function nameOf({ group, resource }: ResourceType): string {
  return `${group}/${resource}`;
}
