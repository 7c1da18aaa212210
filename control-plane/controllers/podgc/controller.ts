import { mustNotRunTwice } from '#api/fence.ts';
import type { V1Pod } from '#api/generated/types.ts';
import { leases, nodes, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import { after, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { disruptedStatus } from '../shared/disruption.ts';
import { createNodeFence } from '../shared/node-fence.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { planPodGc } from './plan.ts';

export interface PodGcSettings {
  /** How many finished pods are kept. */
  readonly finishedPodsMax: number;
  readonly periodMs: number;
  /** How long a node must be missing before its pods are given up. */
  readonly missingNodeMs: number;
}

/** Removes pods that nobody else will: of nodes that are gone, never placed, or finished long ago. */
export function createPodGcController(context: ControllerContext, settings: PodGcSettings): Runnable {
  const { client, clock } = context;
  const caches = { pods: context.informers.informer(pods), nodes: context.informers.informer(nodes) };
  const leaseCache = context.informers.informer(leases);
  const fence = createNodeFence(client, leaseCache, clock);
  const missingSince = new Map<string, number>();

  /** A node that was only just created may not be in the cache; one that the server does not have for a while is gone. */
  const isGone = async (node: string, signal: AbortSignal): Promise<boolean> => {
    const since = missingSince.get(node);
    if (since === undefined) missingSince.set(node, clock.monotonicMs());
    if (since === undefined || clock.monotonicMs() - since < settings.missingNodeMs) return false;
    try {
      await client.get(nodes, { name: node }, { signal });
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };

  const remove = async (pod: Stored<V1Pod>, signal: AbortSignal, version?: string): Promise<void> => {
    const preconditions = { uid: pod.metadata.uid, ...(version && { resourceVersion: version }) };
    try {
      await client.delete(pods, keyOf(pod), { signal, gracePeriodSeconds: 0, preconditions });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  };

  /**
   * Whoever removes a Node may forget to switch its machine off, and one that is cut off does not hear of it: what must not run twice
   * is kept for as long as the machine has promised to need. Where it has promised nothing, the removal is all there is to go by.
   */
  const hasStopped = async (pod: Stored<V1Pod>, node: string, signal: AbortSignal): Promise<boolean> => {
    if (!mustNotRunTwice(pod)) return true;
    const waitMs = fence.waitMs(node);
    return waitMs === undefined || (waitMs === 0 && (await fence.take(node, signal)));
  };

  /** Its containers ran on a machine that is no more: it has failed, whatever its last report says. */
  const giveUp = async (pod: Stored<V1Pod>, node: string, signal: AbortSignal): Promise<void> => {
    if (!(await hasStopped(pod, node, signal))) return;
    let version = pod.metadata.resourceVersion;
    if (!isPodTerminal(pod)) {
      const status = disruptedStatus(pod, 'DeletionByPodGC', 'PodGC: node no longer exists', clock.now());
      const written = await client.updateStatus(pods, { ...pod, status: { ...status, phase: 'Failed' } }, { signal });
      version = written.metadata.resourceVersion;
    }
    await remove(pod, signal, version);
  };

  const reconcile: Reconcile = async (signal) => {
    const failures: unknown[] = [];
    /** A pod that cannot be removed, for whatever reason, must not keep the others. */
    const each = async (pods: readonly Stored<V1Pod>[], act: (pod: Stored<V1Pod>) => Promise<void>): Promise<void> => {
      for (const pod of pods) {
        try {
          await act(pod);
        } catch (error) {
          signal.throwIfAborted();
          failures.push(error);
        }
      }
    };
    const hasNode = (name: string): boolean => caches.nodes.get({ name }) !== undefined;
    for (const name of missingSince.keys()) if (hasNode(name)) missingSince.delete(name);
    const plan = planPodGc(caches.pods.list(), hasNode, settings.finishedPodsMax);
    await each(plan.finished, (pod) => remove(pod, signal));
    await each(plan.unscheduled, (pod) => remove(pod, signal));
    const missing = new Set(plan.orphaned.map(({ spec }) => spec?.nodeName ?? ''));
    for (const name of missingSince.keys()) if (!missing.has(name)) missingSince.delete(name);
    for (const name of [...missing].sort()) {
      if (!(await isGone(name, signal))) continue;
      const orphans = plan.orphaned.filter(({ spec }) => spec?.nodeName === name);
      await each(orphans, (pod) => giveUp(pod, name, signal));
    }
    if (failures.length > 0) throw failures[0];
    return after(settings.periodMs);
  };

  return createController({
    name: 'podgc',
    queue: retries,
    reconcile,
    sources: [
      {
        waitForSync: async (signal) => {
          await caches.pods.waitForSync(signal);
          await caches.nodes.waitForSync(signal);
          await leaseCache.waitForSync(signal);
        },
        attach(enqueue) {
          enqueue({ name: 'all' });
          return fence.attach();
        },
      },
    ],
    concurrency: 1,
    clock,
    random: context.random,
    log: context.log,
  });
}
