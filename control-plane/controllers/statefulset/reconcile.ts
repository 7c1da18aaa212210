import type {
  V1ControllerRevision,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
  V1StatefulSetStatus,
} from '#api/generated/types.ts';
import { pods, statefulSets } from '#api/kinds.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile } from '#client/reconciler.ts';
import type { History } from '../history/history.ts';
import { startOfPass } from '../history/pass.ts';
import { beyondHistory } from '../history/plan.ts';
import { type Revision, templateOf } from '../history/revision.ts';
import { settleClaims } from '../shared/adopt.ts';
import { isSame } from '../shared/canonical.ts';
import { claim } from '../shared/claim.ts';
import type { ControllerContext } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { ownedAndOrphans } from '../shared/indexes.ts';
import type { PendingPods } from '../shared/pending-pods.ts';
import { isNamespaceTerminating } from '../shared/refusal.ts';
import { createApplySteps } from './apply.ts';
import { ordinalOf, type Pod, revisionOf, type StatefulSet } from './identity.ts';
import { limitsOf } from './limits.ts';
import { planStatefulSet } from './plan.ts';
import { availabilityInMs } from './status.ts';

export interface StatefulSetCaches {
  readonly sets: Informer<V1StatefulSet>;
  readonly pods: Informer<V1Pod>;
  readonly claims: Informer<V1PersistentVolumeClaim>;
  readonly revisions: Informer<V1ControllerRevision>;
}

const hashLabel = 'controller.kubernetes.io/hash';

export function createStatefulSetReconcile(
  context: ControllerContext,
  caches: StatefulSetCaches,
  pending: PendingPods,
  history: History<V1StatefulSet>,
): Reconcile {
  const { client, clock } = context;
  const applySteps = createApplySteps(context, caches.pods, pending);

  const writeStatus = async (set: StatefulSet, status: V1StatefulSetStatus, signal: AbortSignal): Promise<void> => {
    if (isSame(set.status ?? {}, status)) return;
    await ignoreGone(client.updateStatus(statefulSets, { ...set, status }, { signal }));
  };

  const membersOf = async (set: StatefulSet, signal: AbortSignal): Promise<readonly Pod[] | undefined> => {
    const selector = fromLabelSelectorObject(set.spec?.selector ?? {});
    const matches = (pod: Pod): boolean =>
      ordinalOf(set, pod) !== undefined && matchesLabels(selector, pod.metadata.labels ?? {});
    const claims = claim(set, matches, ownedAndOrphans(caches.pods, set));
    return (await settleClaims(client, statefulSets, set, pods, claims, signal)) ? undefined : claims.owned;
  };

  const startPass = startOfPass({
    type: statefulSets,
    hashLabel,
    pending,
    history,
    podsOf: membersOf,
    countCollisions: (set, collisionCount, signal) =>
      writeStatus(set, { replicas: 0, ...set.status, collisionCount }, signal),
  });

  return async (signal, key, log) => {
    const set = caches.sets.get(key);
    if (!set) return done;
    const start = await startPass(set, signal);
    if (start.kind !== 'ready') return start;
    const { revisions, pods: members, update } = start;
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;

    const plan = planStatefulSet(
      {
        set,
        pods: members,
        claimOf: (name) => caches.claims.get({ namespace: set.metadata.namespace, name }),
        revisions: { current: current.metadata.name, update: update.metadata.name },
        current: templateOf(current) ?? {},
        update: set.spec?.template ?? {},
      },
      clock.now(),
    );
    if (plan.waitsFor !== undefined) log?.debug({ waitsFor: plan.waitsFor }, 'waits');
    const error = await applySteps(set, plan.steps, signal);
    await writeStatus(set, plan.status, signal);
    if (error !== undefined && !isNamespaceTerminating(error)) throw error;
    await history.remove(oldRevisions(set, revisions, members, [current, update]), signal);
    const availableInMs = availabilityInMs(members, limitsOf(set), clock.now());
    return availableInMs === undefined ? done : after(availableInMs);
  };
}

function oldRevisions(
  set: StatefulSet,
  revisions: readonly Revision[],
  members: readonly Pod[],
  inUse: readonly Revision[],
): readonly Revision[] {
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const live = new Set([...members.map(revisionOf), ...inUse.map(({ metadata }) => metadata.name)]);
  return beyondHistory(revisions, ({ metadata }) => live.has(metadata.name), set.spec?.revisionHistoryLimit);
}
