import type { V1LabelSelector, V1Pod, V1PodTemplateSpec } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { after, done, type ReconcileResult } from '#client/reconciler.ts';
import type { PendingPods } from '../shared/pending-pods.ts';
import type { History } from './history.ts';
import type { HistoryOwner } from './plan.ts';
import { byRevision, holdsTemplate, type Revision } from './revision.ts';

/** An owner of pods that keeps a history of its template. */
export interface RevisionedOwner extends KubeObject {
  readonly spec?: { readonly selector: V1LabelSelector; readonly template: V1PodTemplateSpec } | undefined;
  readonly status?: { readonly collisionCount?: number | undefined } | undefined;
}

export interface PassParts<T extends RevisionedOwner> {
  readonly type: ResourceType<T>;
  /** The label of a revision that carries its hash. */
  readonly hashLabel: string;
  readonly pending: PendingPods;
  readonly history: History<T>;
  /** The owner's pods; undefined when some were just adopted or let go: then wait for the cache. */
  podsOf(owner: Stored<T>, signal: AbortSignal): Promise<readonly Stored<V1Pod>[] | undefined>;
  /** Writes into the owner's status how often the name of a revision was taken. */
  countCollisions(owner: Stored<T>, count: number, signal: AbortSignal): Promise<void>;
}

/** What a pass over an owner starts from, when the cache shows all that was written before. */
export interface PassStart {
  readonly kind: 'ready';
  readonly revisions: readonly Revision[];
  readonly pods: readonly Stored<V1Pod>[];
  /** The revision of the owner's template: the newest, unless the owner is being deleted. */
  readonly update: Revision;
}

/** While own writes are not in the cache yet, it looks again after this time even if no event comes. */
const pendingCheckMs = 1_000;

/** Brings the history up to the template before any pod is made of it. Anything but `ready` is what the pass ends with. */
export const startOfPass = <T extends RevisionedOwner>(parts: PassParts<T>) => {
  const { type, hashLabel, pending, history } = parts;

  return async (object: Stored<T>, signal: AbortSignal): Promise<PassStart | ReconcileResult> => {
    const { uid } = object.metadata;
    if ((await pending.settle(uid, signal)) + (await history.settle(uid, signal)) > 0) return after(pendingCheckMs);

    const template = object.spec?.template ?? {};
    const collisionCount = object.status?.collisionCount ?? 0;
    const owner: HistoryOwner<T> = { type, object, template, collisionCount, hashLabel };
    const revisions = await history.list(owner, object.spec?.selector ?? {}, signal);
    const pods = revisions && (await parts.podsOf(object, signal));
    if (!revisions || !pods) return after(pendingCheckMs);

    if (object.metadata.deletionTimestamp !== undefined) {
      const update = revisions.toSorted(byRevision).findLast((revision) => holdsTemplate(revision, template));
      return update ? { kind: 'ready', revisions, pods, update } : done;
    }
    const step = await history.advance(owner, revisions, signal);
    if (step.kind === 'current') return { kind: 'ready', revisions, pods, update: step.revision };
    if (step.kind === 'collision') await parts.countCollisions(object, collisionCount + 1, signal);
    return after(pendingCheckMs);
  };
};
