import type { V1DaemonSetStatus, V1Node } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodAvailable, isPodReady, isPodTerminal } from '../shared/pods.ts';
import { type Limits, limitsOf } from './limits.ts';
import { isGoing, type Place, placesOf } from './places.ts';
import { type DaemonSet, hashOf, type Pod } from './pod.ts';
import { rollingStep } from './rolling.ts';
import { daemonSetStatus } from './status.ts';

export interface DaemonSetState {
  readonly set: DaemonSet;
  readonly nodes: readonly Stored<V1Node>[];
  /** Those the set controls. */
  readonly pods: readonly Pod[];
  /** Of the newest template. */
  readonly hash: string;
  /** For how long a pod that failed on this node is not yet replaced; 0: it may be now. */
  readonly failureDelayMs: (node: string) => number;
}

export interface DaemonSetPlan {
  /** Nodes that get a new pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Those of `remove` that have ended by themselves, and where. */
  readonly ended: readonly { readonly pod: Pod; readonly node: string }[];
  readonly status: V1DaemonSetStatus;
  /** When a pod that failed may be replaced. */
  readonly againInMs?: number;
}

/** Pods made and pods removed in one pass; the rest comes in the next. */
export const burstMax = 250;

/** The next step of a daemon set: pure, and safe to repeat. Pods are brought in order first; only then does a rollout go on. */
export function planDaemonSet(state: DaemonSetState, nowMs: number): DaemonSetPlan {
  const { set, hash } = state;
  const { places, stray } = placesOf(state.set, state.nodes, state.pods);
  const limits = limitsOf(set, places.filter(({ eligible }) => eligible.run).length);
  const status = daemonSetStatus(set, places, limits, hash, nowMs);
  const none: DaemonSetPlan = { create: [], remove: [], ended: [], status };
  if (set.metadata.deletionTimestamp !== undefined) return none;

  const kept = places.map((place) => keepInOrder(state, place, limits, nowMs));
  const delays = kept.flatMap(({ againInMs }) => againInMs ?? []);
  const again = delays.length > 0 ? { againInMs: Math.min(...delays) } : {};
  const create = kept.flatMap(({ create }) => create);
  const remove = [...kept.flatMap(({ remove }) => remove), ...stray];
  const ended = kept.flatMap(({ ended }) => ended);
  if (create.length + remove.length > 0 || !limits.rolling) return bounded({ create, remove, ended, status, ...again });
  return bounded({ ...rollingStep(places, limits, hash, nowMs), ended: [], status, ...again });
}

const bounded = (plan: DaemonSetPlan): DaemonSetPlan => {
  const remove = plan.remove.slice(0, burstMax);
  return {
    ...plan,
    create: plan.create.slice(0, burstMax),
    remove,
    ended: plan.ended.filter(({ pod }) => remove.includes(pod)),
  };
};

interface Kept {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly ended: readonly { readonly pod: Pod; readonly node: string }[];
  readonly againInMs?: number;
}

const nothing: Kept = { create: [], remove: [], ended: [] };

/** One pod where there should be one, none where there should be none, and nothing that has ended. */
function keepInOrder(state: DaemonSetState, { node, eligible, pods }: Place, limits: Limits, nowMs: number): Kept {
  if (eligible.run && pods.length === 0) return { ...nothing, create: [node] };
  const staying = pods.filter((pod) => !isGoing(pod));
  if (!eligible.stay) return { ...nothing, remove: staying };
  const over = staying.filter(isPodTerminal);
  const delayMs = over.some((pod) => pod.status?.phase === 'Failed') ? state.failureDelayMs(node) : 0;
  const goes = over.filter((pod) => pod.status?.phase !== 'Failed' || delayMs <= 0);
  // Of two it is the one that works that is kept, even when it is not the elder: times of birth are told in seconds.
  const running = staying
    .filter((pod) => !isPodTerminal(pod))
    .sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
  const excess = limits.maxSurge > 0 ? excessWithSurge(running, limits, state.hash, nowMs) : running.slice(1);
  return {
    create: [],
    remove: [...goes, ...excess],
    ended: goes.map((pod) => ({ pod, node })),
    ...(delayMs > 0 && { againInMs: delayMs }),
  };
}

/** One pod of the newest template and one of an older may stand side by side, until the new one can take over. */
function excessWithSurge(running: readonly Pod[], limits: Limits, hash: string, nowMs: number): readonly Pod[] {
  if (running.length <= 1) return [];
  const fresh = running.find((pod) => hashOf(pod) === hash);
  const old = running.find((pod) => hashOf(pod) !== hash);
  const doubled = running.filter((pod) => pod !== fresh && pod !== old);
  if (!fresh || !old) return doubled;
  const takesOver = !isPodReady(old) || isPodAvailable(fresh, limits.minReadySeconds, nowMs);
  return takesOver ? [...doubled, old] : doubled;
}
