import type { ResourceDefinition } from '../resource-definition.ts';

export interface DefinitionIndex {
  find(group: string, version: string, resource: string): ResourceDefinition | undefined;
}

/** Finds definitions by name; built anew when the list has changed (a CustomResourceDefinition came or went). */
export function createDefinitionIndex(definitions: () => readonly ResourceDefinition[]): DefinitionIndex {
  let known: readonly ResourceDefinition[] | undefined;
  let byName = new Map<string, ResourceDefinition>();
  return {
    find(group, version, resource) {
      const current = definitions();
      if (current !== known) {
        known = current;
        byName = new Map(current.map((one) => [`${one.type.group}/${one.type.version}/${one.type.resource}`, one]));
      }
      return byName.get(`${group}/${version}/${resource}`);
    },
  };
}
