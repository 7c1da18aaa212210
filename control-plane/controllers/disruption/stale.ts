import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { createController } from '#client/controller.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { withCondition } from '../shared/conditions.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { isPodTerminal, podCondition } from '../shared/pods.ts';
import { parseTime } from '../shared/time.ts';

/** Whoever wanted the pod gone would have deleted it within this time. */
const staleMs = 2 * 60_000;

/** Takes back the word that a pod is about to be disrupted, when nobody has deleted it. */
export function createStaleDisruptionController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const cache = informers.informer(pods);

  const reconcile: Reconcile = async (signal, key) => {
    const pod = cache.get(key);
    if (!pod || !isMarked(pod)) return done;
    const sinceMs = parseTime(podCondition(pod, 'DisruptionTarget')?.lastTransitionTime) ?? clock.now();
    const waitMs = sinceMs + staleMs - clock.now();
    if (waitMs > 0) return after(waitMs);
    const unmarked = { type: 'DisruptionTarget', status: 'False' };
    const conditions = [...withCondition(pod.status?.conditions ?? [], unmarked, clock.now())];
    await ignoreGone(client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } }, { signal }));
    return done;
  };

  return createController({
    name: 'stale-disruption',
    queue: retries,
    reconcile,
    sources: [forObject(cache, isMarked)],
    clock,
    random,
    log,
  });
}

const isMarked = (pod: Stored<V1Pod>): boolean =>
  podCondition(pod, 'DisruptionTarget')?.status === 'True' &&
  pod.metadata.deletionTimestamp === undefined &&
  !isPodTerminal(pod);
