import type { V1OwnerReference } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';

/** What the collector needs to know of one object. */
export interface GraphNode {
  readonly type: ResourceType;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly owners: readonly V1OwnerReference[];
  readonly deleting: boolean;
  /** Being deleted, and waiting until its dependents are gone. */
  readonly foreground: boolean;
  /** Being deleted, and its dependents are to be set free first. */
  readonly orphaning: boolean;
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export function graphNode(type: ResourceType, object: Stored<KubeObject>): GraphNode {
  const { namespace, name, uid, ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata;
  const deleting = deletionTimestamp !== undefined;
  return {
    type,
    key: { namespace, name },
    uid,
    owners: ownerReferences,
    deleting,
    foreground: deleting && finalizers.includes(foregroundFinalizer),
    orphaning: deleting && finalizers.includes(orphanFinalizer),
  };
}

/** Who depends on whom, by UID, as far as the caches know. Both lookups cost the same whatever the size of the cluster. */
export interface OwnerGraph {
  get(uid: string): GraphNode | undefined;
  dependents(uid: string): readonly GraphNode[];
  /** Puts the node in and returns what has to be looked at again because of it. */
  put(node: GraphNode): readonly string[];
  /** As `put`, for an object that is gone. */
  remove(uid: string): readonly string[];
  readonly size: number;
}

export function createOwnerGraph(): OwnerGraph {
  const nodes = new Map<string, GraphNode>();
  const dependentsOf = new Map<string, Set<string>>();

  const link = (node: GraphNode): void => {
    for (const { uid } of node.owners) {
      const set = dependentsOf.get(uid) ?? new Set<string>();
      dependentsOf.set(uid, set);
      set.add(node.uid);
    }
  };
  const unlink = (node: GraphNode): void => {
    for (const { uid } of node.owners) {
      const set = dependentsOf.get(uid);
      set?.delete(node.uid);
      if (set?.size === 0) dependentsOf.delete(uid);
    }
  };
  const dependents = (uid: string): GraphNode[] =>
    [...(dependentsOf.get(uid) ?? [])].flatMap((dependent) => nodes.get(dependent) ?? []);
  /** Owners that wait for this node have to count again. */
  const waitingOwners = (node: GraphNode): string[] =>
    node.owners.map(({ uid }) => uid).filter((uid) => nodes.get(uid)?.foreground);

  return {
    get: (uid) => nodes.get(uid),
    dependents,
    put(node) {
      const old = nodes.get(node.uid);
      if (old) unlink(old);
      nodes.set(node.uid, node);
      link(node);
      const transition = !old || old.foreground !== node.foreground || old.orphaning !== node.orphaning;
      const ownersChanged = !old || !sameOwners(old.owners, node.owners);
      return [
        ...(node.owners.length > 0 && (ownersChanged || transition) ? [node.uid] : []),
        ...(transition && (node.foreground || node.orphaning) ? [node.uid] : []),
        ...(transition && node.foreground ? dependents(node.uid).map(({ uid }) => uid) : []),
        ...(old && ownersChanged ? waitingOwners(old) : []),
      ];
    },
    remove(uid) {
      const node = nodes.get(uid);
      if (!node) return [];
      const affected = [...dependents(uid).map((dependent) => dependent.uid), ...waitingOwners(node)];
      unlink(node);
      nodes.delete(uid);
      return affected;
    },
    get size() {
      return nodes.size;
    },
  };
}

const sameOwners = (a: readonly V1OwnerReference[], b: readonly V1OwnerReference[]): boolean =>
  a.length === b.length &&
  a.every((owner, index) => {
    const other = b[index];
    return owner.uid === other?.uid && (owner.blockOwnerDeletion ?? false) === (other.blockOwnerDeletion ?? false);
  });
