import type { ResourceType } from '#api/resource-type.ts';
import type { Connection } from '../connection.ts';

/** The namespace to look in; undefined for cluster-scoped kinds and for all namespaces. */
export const scopeOf = (
  type: ResourceType,
  connection: Connection,
  flags: { readonly allNamespaces?: boolean },
): string | undefined => (type.namespaced && !flags.allNamespaces ? connection.namespace : undefined);
