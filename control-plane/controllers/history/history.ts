import type { V1ControllerRevision, V1LabelSelector } from '#api/generated/types.ts';
import { controllerRevisions } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { isAlreadyExists } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { settleClaims } from '../shared/adopt.ts';
import { claim } from '../shared/claim.ts';
import { ignoreGone } from '../shared/gone.ts';
import { ownedAndOrphans } from '../shared/indexes.ts';
import { isControlledBy } from '../shared/owners.ts';
import { createPendingWrites } from '../shared/pending-writes.ts';
import { type HistoryOwner, planRevision, type RevisionStep } from './plan.ts';
import { holdsTemplate, type Revision } from './revision.ts';

/** The template history of a kind of owner, kept in ControllerRevisions. */
export interface History<T extends KubeObject> {
  /** Own writes that the cache does not show yet. */
  settle(uid: string, signal: AbortSignal): Promise<number>;
  /** The owner's revisions; undefined when some were just adopted: then wait for the cache. */
  list(
    owner: HistoryOwner<T>,
    selector: V1LabelSelector,
    signal: AbortSignal,
  ): Promise<readonly Revision[] | undefined>;
  /** Makes the template's revision the newest. `collision`: its name is taken by something else. */
  advance(
    owner: HistoryOwner<T>,
    revisions: readonly Revision[],
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'current'; readonly revision: Revision } | { readonly kind: 'written' | 'collision' }>;
  remove(revisions: readonly Revision[], signal: AbortSignal): Promise<void>;
  forget(uid: string): void;
}

export function createHistory<T extends KubeObject>(
  client: ApiClient,
  cache: Informer<V1ControllerRevision>,
  now: () => number,
): History<T> {
  const pending = createPendingWrites(client, controllerRevisions, cache, now);

  const write = async (
    owner: HistoryOwner<T>,
    step: Exclude<RevisionStep, { kind: 'current' }>,
    signal: AbortSignal,
  ): Promise<'written' | 'collision'> => {
    const { uid } = owner.object.metadata;
    if (step.kind === 'renumber') {
      const wanted = { ...step.revision, revision: step.to };
      const request = client.update(controllerRevisions, wanted, { signal });
      await ignoreGone(pending.write(uid, keyOf(step.revision), request));
      return 'written';
    }
    const key = { namespace: step.revision.metadata?.namespace, name: step.revision.metadata?.name ?? '' };
    try {
      await pending.write(uid, key, client.create(controllerRevisions, step.revision, { signal }));
      return 'written';
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const there = await client.get(controllerRevisions, key, { signal });
      const ours = isControlledBy(there, owner.object) && holdsTemplate(there, owner.template);
      return ours ? 'written' : 'collision';
    }
  };

  return {
    settle: (uid, signal) => pending.settle(uid, signal),
    forget: (uid) => pending.forget(uid),
    async list({ type, object }, labelSelector, signal) {
      const selector = fromLabelSelectorObject(labelSelector);
      const matches = ({ metadata }: Revision): boolean => matchesLabels(selector, metadata.labels ?? {});
      const { owned, adopt } = claim(object, matches, ownedAndOrphans(cache, object));
      // What no longer matches is left alone: a history is of use only to its owner.
      const claims = { owned, adopt, release: [] };
      return (await settleClaims(client, type, object, controllerRevisions, claims, signal)) ? undefined : owned;
    },
    async advance(owner, revisions, signal) {
      const step = planRevision(owner, revisions);
      return step.kind === 'current' ? step : { kind: await write(owner, step, signal) };
    },
    async remove(revisions, signal) {
      for (const revision of revisions) {
        const { uid, resourceVersion } = revision.metadata;
        const preconditions = { uid, resourceVersion };
        await ignoreGone(client.delete(controllerRevisions, keyOf(revision), { signal, preconditions }));
      }
    },
  };
}
