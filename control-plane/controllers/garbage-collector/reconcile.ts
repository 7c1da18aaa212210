import type { V1OwnerReference } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { done, type Reconcile } from '#client/reconciler.ts';
import { foregroundFinalizer, type GraphNode, orphanFinalizer } from './graph.ts';
import { type OwnerLookup, type OwnerState, ownerState } from './owners.ts';

export interface CollectorOptions extends OwnerLookup {
  /** Looks at these again. */
  enqueue(uids: readonly string[]): void;
  /** An owner reference that can never be followed. */
  refuse(object: Stored<KubeObject>, why: string): void;
}

interface JudgedOwner {
  readonly owner: V1OwnerReference;
  readonly state: OwnerState['state'];
  readonly why?: string | undefined;
}

/** Decides about one object, named by its UID. What it deletes, it deletes only in the version that it judged. */
export function createCollectorReconcile(options: CollectorOptions): Reconcile {
  const { client, graph } = options;

  const live = async (node: GraphNode, signal: AbortSignal): Promise<Stored<KubeObject> | undefined> => {
    try {
      const object = await client.get(node.type, node.key, { signal });
      return object.metadata.uid === node.uid ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const writeMetadata = async (
    node: GraphNode,
    object: Stored<KubeObject>,
    change: Partial<Stored<KubeObject>['metadata']>,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await client.update(node.type, { ...object, metadata: { ...object.metadata, ...change } }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };

  const dropFinalizer = async (node: GraphNode, finalizer: string, signal: AbortSignal): Promise<void> => {
    const object = await live(node, signal);
    if (!object?.metadata.finalizers?.includes(finalizer)) return;
    const finalizers = object.metadata.finalizers.filter((name) => name !== finalizer);
    await writeMetadata(node, object, { finalizers }, signal);
  };

  const setDependentsFree = async (node: GraphNode, signal: AbortSignal): Promise<void> => {
    for (const dependent of graph.dependents(node.uid)) {
      const object = await live(dependent, signal);
      const owners = object?.metadata.ownerReferences ?? [];
      if (!object || !owners.some(({ uid }) => uid === node.uid)) continue;
      const ownerReferences = owners.filter(({ uid }) => uid !== node.uid);
      await writeMetadata(dependent, object, { ownerReferences }, signal);
    }
    await dropFinalizer(node, orphanFinalizer, signal);
  };

  const waitForDependents = async (node: GraphNode, signal: AbortSignal): Promise<void> => {
    const dependents = graph.dependents(node.uid);
    const blocking = dependents.filter(({ owners }) =>
      owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion === true),
    );
    if (blocking.length === 0) return dropFinalizer(node, foregroundFinalizer, signal);
    options.enqueue(dependents.filter(({ deleting }) => !deleting).map(({ uid }) => uid));
  };

  const collect = async (node: GraphNode, object: Stored<KubeObject>, signal: AbortSignal): Promise<void> => {
    const judged: JudgedOwner[] = [];
    for (const owner of object.metadata.ownerReferences ?? []) {
      const { state, ...rest } = await ownerState(options, node, owner, signal);
      judged.push({ owner, state, why: 'why' in rest ? rest.why : undefined });
    }
    for (const { why } of judged) if (why !== undefined) options.refuse(object, why);
    const keeps = judged.filter(({ state }) => state === 'solid' || state === 'unknown');
    if (keeps.length === judged.length) return;
    if (keeps.length > 0) {
      // Somebody still wants it: it only forgets those who do not.
      const ownerReferences = keeps.map(({ owner }) => owner);
      return writeMetadata(node, object, { ownerReferences }, signal);
    }
    const waits = judged.some(({ state }) => state === 'waiting');
    const dependents = graph.dependents(node.uid);
    if (waits && dependents.some(({ foreground }) => foreground)) {
      // A circle of owners that wait for one another would wait for ever.
      const ownerReferences = (object.metadata.ownerReferences ?? []).map((owner) => ({
        ...owner,
        blockOwnerDeletion: false,
      }));
      await writeMetadata(node, object, { ownerReferences }, signal);
      const again = await live(node, signal);
      if (again) await remove(node, again, 'Foreground', signal);
      return;
    }
    await remove(node, object, waits && dependents.length > 0 ? 'Foreground' : inheritedPolicy(object), signal);
  };

  const remove = async (
    node: GraphNode,
    object: Stored<KubeObject>,
    propagationPolicy: 'Foreground' | 'Background' | 'Orphan',
    signal: AbortSignal,
  ): Promise<void> => {
    const { uid, resourceVersion } = object.metadata;
    try {
      await client.delete(node.type, node.key, {
        signal,
        propagationPolicy,
        preconditions: { uid, resourceVersion },
      });
    } catch (error) {
      if (isNotFound(error)) return;
      // Changed meanwhile, perhaps adopted: judge it anew.
      if (isConflict(error)) return options.enqueue([node.uid]);
      throw error;
    }
  };

  return async (signal, { name: uid }) => {
    const node = graph.get(uid);
    if (!node) return done;
    if (node.orphaning) await setDependentsFree(node, signal);
    else if (node.foreground) await waitForDependents(node, signal);
    else if (!node.deleting && node.owners.length > 0 && !isKept(node)) {
      const object = await live(node, signal);
      if (object && object.metadata.deletionTimestamp === undefined) await collect(node, object, signal);
    }
    return done;
  };

  /** All owners are there by the graph's word: nothing to ask the server. */
  function isKept(node: GraphNode): boolean {
    return node.owners.every((owner) => {
      const known = graph.get(owner.uid);
      const sameSpace = known?.key.namespace === undefined || known.key.namespace === node.key.namespace;
      return known && !known.foreground && sameSpace && known.key.name === owner.name && known.type.kind === owner.kind;
    });
  }
}

/** A policy that somebody chose earlier for this object lives on as its finalizer. */
function inheritedPolicy(object: Stored<KubeObject>): 'Foreground' | 'Background' | 'Orphan' {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}
