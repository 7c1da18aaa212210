import type { V1ControllerRevision, V1DaemonSet, V1DaemonSetStatus, V1Node, V1Pod } from '#api/generated/types.ts';
import { daemonSets, pods } from '#api/kinds.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { messageOf } from '#base/error-message.ts';
import type { Informer } from '#client/informer.ts';
import { after, done, type Reconcile } from '#client/reconciler.ts';
import type { History } from '../history/history.ts';
import { startOfPass } from '../history/pass.ts';
import { beyondHistory } from '../history/plan.ts';
import type { Revision } from '../history/revision.ts';
import { settleClaims } from '../shared/adopt.ts';
import { isSame } from '../shared/canonical.ts';
import { claim } from '../shared/claim.ts';
import type { ControllerContext } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { ownedAndOrphans } from '../shared/indexes.ts';
import type { PendingPods } from '../shared/pending-pods.ts';
import { createPodControl } from '../shared/pod-control.ts';
import { isNamespaceTerminating } from '../shared/refusal.ts';
import { slowStart } from '../shared/slow-start.ts';
import type { Failures } from './failures.ts';
import { type DaemonSetPlan, planDaemonSet } from './plan.ts';
import { type DaemonSet, hashLabel, hashOf, newPod, type Pod } from './pod.ts';
import { availabilityInMs } from './status.ts';

export interface DaemonSetCaches {
  readonly sets: Informer<V1DaemonSet>;
  readonly pods: Informer<V1Pod>;
  readonly nodes: Informer<V1Node>;
  readonly revisions: Informer<V1ControllerRevision>;
}

export function createDaemonSetReconcile(
  context: ControllerContext,
  caches: DaemonSetCaches,
  pending: PendingPods,
  history: History<V1DaemonSet>,
  failures: Failures,
): Reconcile {
  const { client, clock, random, recorder } = context;
  const podControl = createPodControl(context, pending);

  const writeStatus = async (set: DaemonSet, status: V1DaemonSetStatus, signal: AbortSignal): Promise<void> => {
    if (isSame(set.status ?? {}, status)) return;
    await ignoreGone(client.updateStatus(daemonSets, { ...set, status }, { signal }));
  };

  const ownPods = async (set: DaemonSet, signal: AbortSignal): Promise<readonly Pod[] | undefined> => {
    const selector = fromLabelSelectorObject(set.spec?.selector ?? {});
    const matches = (pod: Pod): boolean => matchesLabels(selector, pod.metadata.labels ?? {});
    const claims = claim(set, matches, ownedAndOrphans(caches.pods, set));
    return (await settleClaims(client, daemonSets, set, pods, claims, signal)) ? undefined : claims.owned;
  };

  const startPass = startOfPass({
    type: daemonSets,
    hashLabel,
    pending,
    history,
    podsOf: ownPods,
    countCollisions: (set, collisionCount, signal) =>
      writeStatus(set, { ...emptyStatus, ...set.status, collisionCount }, signal),
  });

  /** Carries the plan out; returns the first failure. */
  const apply = async (set: DaemonSet, plan: DaemonSetPlan, hash: string, signal: AbortSignal): Promise<unknown> => {
    for (const { pod, node } of plan.ended) {
      const { namespace, name } = pod.metadata;
      if (pod.status?.phase === 'Failed') {
        failures.note(set.metadata.uid, node);
        const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`;
        recorder.record(set, 'Warning', 'FailedDaemonPod', message);
      } else {
        const message = `Found succeeded daemon pod ${namespace}/${name} on node ${node}, will try to delete it`;
        recorder.record(set, 'Normal', 'SucceededDaemonPod', message);
      }
    }
    const created = await slowStart(plan.create.length, async (index) => {
      const node = plan.create[index];
      if (node !== undefined) await podControl.create(set, newPod(set, node, hash, random), signal);
    });
    if (created.error !== undefined) {
      recorder.record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(created.error)}`);
    }
    const removed = await Promise.allSettled(plan.remove.map((pod) => podControl.remove(set, pod, signal)));
    const failed = removed.find((result) => result.status === 'rejected');
    if (failed) recorder.record(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(failed.reason)}`);
    return created.error ?? failed?.reason;
  };

  return async (signal, key) => {
    const set = caches.sets.get(key);
    if (!set) return done;
    const start = await startPass(set, signal);
    if (start.kind !== 'ready') return start;
    const { revisions, pods: owned, update } = start;

    const hash = update.metadata.labels?.[hashLabel] ?? '';
    const failureDelayMs = (node: string): number => failures.delayMs(set.metadata.uid, node);
    const state = { set, nodes: caches.nodes.list(), pods: owned, hash, failureDelayMs };
    const plan = planDaemonSet(state, clock.now());
    const error = await apply(set, plan, hash, signal);
    await writeStatus(set, plan.status, signal);
    if (error !== undefined && !isNamespaceTerminating(error)) throw error;
    if (set.metadata.deletionTimestamp === undefined) {
      await history.remove(oldRevisions(set, revisions, owned, update), signal);
    }
    const availableInMs = availabilityInMs(owned, set.spec?.minReadySeconds ?? 0, clock.now());
    const waits = [plan.againInMs, availableInMs].filter((ms) => ms !== undefined);
    return waits.length > 0 ? after(Math.min(...waits)) : done;
  };
}

const emptyStatus = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };

/** Old revisions that pods still come from are kept, and count. */
function oldRevisions(
  set: DaemonSet,
  revisions: readonly Revision[],
  owned: readonly Pod[],
  update: Revision,
): readonly Revision[] {
  const limit = set.spec?.revisionHistoryLimit;
  const hashes = new Set(owned.map(hashOf));
  const isLive = (revision: Revision): boolean => hashes.has(revision.metadata.labels?.[hashLabel] ?? '');
  const old = revisions.filter((revision) => revision !== update);
  return beyondHistory(old, isLive, limit === undefined ? undefined : Math.max(0, limit - old.filter(isLive).length));
}
