import { nodeLeaseNamespace } from '#api/fence.ts';
import type { V1EndpointSlice, V1Lease, V1Pod } from '#api/generated/types.ts';
import { endpointSlices, leases, nodes, pods, services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import {
  asksForWithdrawal,
  endpointsAppliedAnnotation,
  endpointsWithdrawnCondition,
  isReachable,
  isWithdrawn,
} from '#api/withdrawal.ts';
import type { Timer } from '#base/clock.ts';
import { createController } from '#client/controller.ts';
import { keyText, parseKey } from '#client/key.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped, type Source } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { formatTime } from '../shared/time.ts';
import { type Seen, withdrawnAt } from './revision.ts';
import { createWatermarks } from './watermarks.ts';

const sliceServiceIndex = 'withdrawal service';
const serviceLabel = 'kubernetes.io/service-name';
const sliceIndexes = {
  [sliceServiceIndex]: ({ metadata }: V1EndpointSlice): readonly string[] => [
    `${metadata?.namespace}/${metadata?.labels?.[serviceLabel] ?? ''}`,
  ],
};

interface Waiting {
  readonly uid: string;
  readonly seen: Seen;
  /** What every live node must have applied; undefined until the slices say that the pod is going. */
  goal: bigint | undefined;
}

/** Acknowledgements of many nodes that come together are looked at together. */
const gatherMs = 2;
/** Should an event have been missed. */
const recheckMs = 1_000;

/**
 * Tells each pod that is being deleted, or whose machine goes down, when no live node sends to it any more: its endpoints have gone from the slices, and every node's
 * lease says that its rules are as new as that. The pod's own agent waits for the condition, for a limited time.
 */
export function createWithdrawalController(context: ControllerContext): Runnable {
  const { client, informers, clock, random, log } = context;
  const caches = {
    pods: informers.informer(pods),
    services: informers.informer(services),
    slices: informers.informer(endpointSlices, sliceIndexes),
    leases: informers.informer(leases),
    nodes: informers.informer(nodes),
  };
  const watermarks = createWatermarks();
  const waiting = new Map<string, Waiting>();

  const tell = async (pod: Stored<V1Pod>, goal: bigint, signal: AbortSignal): Promise<void> => {
    const { namespace, name, uid } = pod.metadata;
    const condition = {
      type: endpointsWithdrawnCondition,
      status: 'True',
      reason: 'Acknowledged',
      message: `No live node sends to the pod any more, as of revision ${goal}`,
      lastTransitionTime: formatTime(clock.now()),
    };
    // The uid in the patch keeps it from a successor of the same name.
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
    } catch (error) {
      if (isNotFound(error)) return;
      const now = caches.pods.get({ namespace, name });
      if (isConflict(error) && now?.metadata.uid !== uid) return;
      throw error;
    }
  };

  const reconcile: Reconcile = async (signal, key, passLog) => {
    const id = keyText(key);
    const pod = caches.pods.get(key);
    if (!pod || !isLeaving(pod) || isWithdrawn(pod)) {
      waiting.delete(id);
      return done;
    }
    const { uid } = pod.metadata;
    const known = waiting.get(id);
    const entry: Waiting = known?.uid === uid ? known : { uid, seen: new Map(), goal: undefined };
    waiting.set(id, entry);
    entry.goal = withdrawnAt(
      pod,
      caches.services.list(key.namespace),
      ({ metadata }) => caches.slices.byIndex(sliceServiceIndex, `${metadata.namespace}/${metadata.name}`),
      entry.seen,
    );
    // Without a service nobody waits.
    if (entry.goal === 0n) {
      waiting.delete(id);
      return done;
    }
    if (entry.goal === undefined) return after(recheckMs);
    const lowest = watermarks.lowest();
    if (lowest !== undefined && lowest < entry.goal) {
      passLog?.debug({ behind: watermarks.behind(entry.goal).slice(0, namedMax) }, 'nodes still send to the pod');
      return after(recheckMs);
    }
    await tell(pod, entry.goal, signal);
    waiting.delete(id);
    return done;
  };

  /** Pods whose goal all live nodes have reached. */
  const acknowledged: Source = {
    waitForSync: async (signal) => {
      await Promise.all([caches.leases.waitForSync(signal), caches.nodes.waitForSync(signal)]);
    },
    attach(enqueue) {
      let timer: Timer | undefined;
      const look = (): void => {
        timer = undefined;
        const lowest = watermarks.lowest();
        for (const [id, { goal }] of waiting) {
          if (goal !== undefined && (lowest === undefined || lowest >= goal)) enqueue(parseKey(id));
        }
      };
      const changed = (): void => {
        if (waiting.size > 0) timer ??= clock.setTimer(gatherMs, look);
      };
      const onLease = (lease: Stored<V1Lease>, old?: Stored<V1Lease>): void => {
        if (lease.metadata.namespace !== nodeLeaseNamespace) return;
        if (old && appliedOf(old) === appliedOf(lease)) return;
        watermarks.setLease(lease);
        changed();
      };
      const removals = [
        caches.leases.addHandler({
          onAdd: (lease) => onLease(lease),
          onUpdate: onLease,
          onDelete: ({ metadata }) => {
            if (metadata.namespace !== nodeLeaseNamespace) return;
            watermarks.removeLease(metadata.name);
            changed();
          },
        }),
        caches.nodes.addHandler({
          onAdd: (node) => watermarks.setNode(node),
          onUpdate: (node) => {
            watermarks.setNode(node);
            changed();
          },
          onDelete: ({ metadata }) => {
            watermarks.removeNode(metadata.name);
            changed();
          },
        }),
      ];
      return () => {
        timer?.cancel();
        for (const remove of removals) remove();
      };
    },
  };

  return createController({
    name: 'withdrawal',
    queue: retries,
    reconcile,
    concurrency: 16,
    sources: [
      acknowledged,
      // Not only while it is leaving: what is remembered of a pod goes with it.
      forObject(caches.pods, (pod) => pod.metadata.deletionTimestamp !== undefined || asksForWithdrawal(pod)),
      mapped(caches.slices, (slice) =>
        (slice.endpoints ?? []).flatMap(({ conditions, targetRef }) => {
          if (conditions?.ready !== false || targetRef?.name === undefined) return [];
          const key = { namespace: slice.metadata.namespace, name: targetRef.name };
          return waiting.has(keyText(key)) ? [key] : [];
        }),
      ),
      { waitForSync: (signal) => caches.services.waitForSync(signal), attach: () => () => undefined },
    ],
    clock,
    random,
    log,
  });
}

const isLeaving = (pod: Stored<V1Pod>): boolean =>
  (pod.metadata.deletionTimestamp !== undefined || asksForWithdrawal(pod)) &&
  pod.metadata.deletionGracePeriodSeconds !== 0 &&
  pod.spec?.nodeName !== undefined &&
  isReachable(pod);

const appliedOf = (lease: V1Lease): string | undefined => lease.metadata?.annotations?.[endpointsAppliedAnnotation];

const namedMax = 10;
