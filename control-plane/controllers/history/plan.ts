import type { V1ControllerRevision, V1PodTemplateSpec } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { controllerRef } from '../shared/owners.ts';
import { revisionHash, revisionName } from './hash.ts';
import { byRevision, holdsTemplate, type Revision, revisionData } from './revision.ts';

/** What is needed of the owner: its template, and how often a name was taken. */
export interface HistoryOwner<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly object: Stored<T>;
  readonly template: V1PodTemplateSpec;
  readonly collisionCount: number;
  /** The label of a revision that carries its hash. */
  readonly hashLabel: string;
}

export type RevisionStep =
  /** The newest revision is the one that is wanted. */
  | { readonly kind: 'current'; readonly revision: Revision }
  /** An older one is wanted again: it becomes the newest. */
  | { readonly kind: 'renumber'; readonly revision: Revision; readonly to: number }
  | { readonly kind: 'create'; readonly revision: V1ControllerRevision };

/** What the history must become before pods of the template may be made. Pure. */
export function planRevision<T extends KubeObject>(
  owner: HistoryOwner<T>,
  revisions: readonly Revision[],
): RevisionStep {
  const sorted = revisions.toSorted(byRevision);
  const newest = sorted.at(-1);
  const same = sorted.findLast((revision) => holdsTemplate(revision, owner.template));
  const next = (newest?.revision ?? 0) + 1;
  if (!same) return { kind: 'create', revision: newRevision(owner, next) };
  return same === newest ? { kind: 'current', revision: same } : { kind: 'renumber', revision: same, to: next };
}

function newRevision<T extends KubeObject>(
  { type, object, template, collisionCount, hashLabel }: HistoryOwner<T>,
  number: number,
): V1ControllerRevision {
  const data = revisionData(template);
  const hash = revisionHash(data, collisionCount);
  const { name, namespace, annotations } = object.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revisionName(name, hash),
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [controllerRef(type, object)],
    },
    data,
    revision: number,
  };
}

/** Revisions beyond the limit, the oldest first. `isLive` ones are kept and do not count. */
export function beyondHistory(
  revisions: readonly Revision[],
  isLive: (revision: Revision) => boolean,
  limit: number | undefined,
): readonly Revision[] {
  if (limit === undefined || limit < 0) return [];
  const old = revisions.filter((revision) => !isLive(revision)).toSorted(byRevision);
  return old.slice(0, Math.max(0, old.length - limit));
}
