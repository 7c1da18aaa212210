import type { V1OwnerReference } from '#api/generated/types.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import { groupOf } from '../shared/owners.ts';
import { foregroundFinalizer, type GraphNode, type OwnerGraph } from './graph.ts';

export type OwnerState =
  | { readonly state: 'solid' }
  /** The owner is not there: by the server's word, not the cache's. */
  | { readonly state: 'absent' }
  /** It is being deleted in the foreground. */
  | { readonly state: 'waiting' }
  /** It cannot be looked up; `why` is for the user. Nothing is deleted on such grounds. */
  | { readonly state: 'unknown'; readonly why: string };

export interface OwnerLookup {
  readonly client: ApiClient;
  readonly graph: OwnerGraph;
  kindOf(group: string, kind: string): ResourceType | undefined;
}

/**
 * What became of one owner of `node`. The graph's "it is there" is believed (if it goes, the node is looked at again);
 * the graph's "it is not there" is checked with the server, since the cache may be behind.
 */
export async function ownerState(
  lookup: OwnerLookup,
  node: GraphNode,
  owner: V1OwnerReference,
  signal: AbortSignal,
): Promise<OwnerState> {
  const group = groupOf(owner.apiVersion);
  const type = lookup.kindOf(group, owner.kind);
  if (!type) return { state: 'unknown', why: `no kind ${owner.kind} in ${owner.apiVersion}` };
  if (type.namespaced && node.key.namespace === undefined)
    return {
      state: 'unknown',
      why: `a cluster-scoped object cannot have the namespaced owner ${owner.kind} ${owner.name}`,
    };
  const key = type.namespaced ? { namespace: node.key.namespace, name: owner.name } : { name: owner.name };
  const known = lookup.graph.get(owner.uid);
  const isMeant =
    known?.type.group === group &&
    known.type.kind === owner.kind &&
    known.key.namespace === key.namespace &&
    known.key.name === key.name;
  if (isMeant) return { state: known.foreground ? 'waiting' : 'solid' };
  try {
    const { metadata } = await lookup.client.get(type, key, { signal });
    if (metadata.uid !== owner.uid) return { state: 'absent' };
    const waiting = metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(foregroundFinalizer);
    return { state: waiting ? 'waiting' : 'solid' };
  } catch (error) {
    if (isNotFound(error)) return { state: 'absent' };
    throw error;
  }
}
