import { pods } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import { type ReportContext, writeCondition } from './condition.ts';
import type { Preemption } from './preemption.ts';
import type { ClusterState } from './state.ts';
import type { PodInfo } from './types.ts';

/**
 * Pods that others were told to make room for. Until their victims are gone they count on their node as if they were
 * there already, so that nobody of lower priority slips in.
 */
export interface Nominations {
  /** Takes the pod's own reservation away while it is decided on. */
  lift(pod: PodInfo): void;
  /** Puts the reservation back if victims are still there; false when they are gone, and with them the nomination. */
  awaitsVictims(pod: PodInfo): boolean;
  /** Reserves the room; returns the victims to evict (a victim that is itself only nominated just loses its place). */
  nominate(pod: PodInfo, preemption: Preemption): readonly PodInfo[];
  /** It has a node, is gone, or its victims cannot be evicted. Takes the reservation away. */
  drop(uid: string): void;
  /** Forgets the nomination of a pod that is really placed now. */
  settle(uid: string): void;
}

export function createNominations(state: ClusterState): Nominations {
  const nominations = new Map<string, { readonly node: string; readonly victims: readonly string[] }>();

  const drop = (uid: string): void => {
    if (nominations.delete(uid)) state.remove(uid);
  };

  return {
    drop,
    settle: (uid) => void nominations.delete(uid),
    lift(pod) {
      if (nominations.has(pod.uid)) state.remove(pod.uid);
    },
    awaitsVictims(pod) {
      const nomination = nominations.get(pod.uid);
      if (!nomination) return false;
      if (nomination.victims.some((uid) => state.nodeOf(uid) === nomination.node)) {
        state.place(pod, nomination.node);
        return true;
      }
      nominations.delete(pod.uid);
      return false;
    },
    nominate(pod, { node, victims }) {
      const placed = victims.filter((victim) => !nominations.has(victim.uid));
      for (const victim of victims) drop(victim.uid);
      nominations.set(pod.uid, { node, victims: placed.map((victim) => victim.uid) });
      state.place(pod, node);
      return placed;
    },
  };
}

/** Ends one victim, gracefully, saying why. Rejects with the client's StatusError. */
export async function evict(
  context: ReportContext & { readonly recorder: EventRecorder },
  victim: PodInfo,
  by: PodInfo,
  node: string,
): Promise<void> {
  const { client, signal, recorder } = context;
  const { namespace, name, uid } = victim;
  try {
    await writeCondition(context, victim, {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    await client.delete(pods, { namespace, name }, { preconditions: { uid }, signal });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  recorder.record(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${by.uid} on node ${node}`);
}
