import type { V1PersistentVolumeClaim, V1Pod, V1PodTemplateSpec, V1StatefulSetStatus } from '#api/generated/types.ts';
import { isStale, newClaim, retainedClaim } from './claims.ts';
import {
  type Claim,
  claimName,
  newPod,
  ordinalOf,
  type Pod,
  podName,
  repairedPod,
  type StatefulSet,
} from './identity.ts';
import { type Limits, limitsOf } from './limits.ts';
import { hasEnded, isRunningAndAvailable, isRunningAndReady, isTerminating } from './pods.ts';
import { type Member, podsToReplace } from './rolling.ts';
import { type Revisions, statefulSetStatus } from './status.ts';

export interface StatefulSetState {
  readonly set: StatefulSet;
  /** Its members, those that are about to go among them. */
  readonly pods: readonly Pod[];
  readonly claimOf: (name: string) => Claim | undefined;
  readonly revisions: Revisions;
  /** The templates that the two revisions hold. */
  readonly current: V1PodTemplateSpec;
  readonly update: V1PodTemplateSpec;
}

export type Step =
  | { readonly kind: 'create'; readonly pod: V1Pod; readonly claims: readonly V1PersistentVolumeClaim[] }
  /** Claims that a pod waits for and that somebody has deleted. */
  | { readonly kind: 'claim'; readonly pod: Pod; readonly claims: readonly V1PersistentVolumeClaim[] }
  /** A pod that cannot be made now, and why. */
  | { readonly kind: 'refuse'; readonly name: string; readonly message: string }
  | { readonly kind: 'repair'; readonly pod: Pod }
  /** A claim of a pod whose owners do not follow the retention policy. */
  | { readonly kind: 'retain'; readonly pod: Pod; readonly claim: Claim }
  | { readonly kind: 'remove'; readonly pod: Pod };

export interface StatefulSetPlan {
  readonly steps: readonly Step[];
  /** What an ordered set stands at, in words: `web-1 to be ready`. */
  readonly waitsFor?: string;
  readonly status: V1StatefulSetStatus;
}

/** Pods made in one pass; the rest comes in the next. */
export const burstMax = 500;

/**
 * The next step of a stateful set: pure, and safe to repeat. A pod of an ordinal is only made when there is no object of that
 * name: the one before is gone, and with it, as its node has said, its processes.
 */
export function planStatefulSet(state: StatefulSetState, nowMs: number): StatefulSetPlan {
  const { set, pods, revisions } = state;
  const limits = limitsOf(set);
  const status = (leaving: readonly Pod[]) => statefulSetStatus(set, limits, pods, leaving, revisions, nowMs);
  if (set.metadata.deletionTimestamp !== undefined) return { steps: [], status: status([]) };

  const steps: Step[] = [];
  const stop = (waitsFor: string): StatefulSetPlan => ({ steps, waitsFor, status: status([]) });
  const { members, condemned } = sortPods(state, limits);

  for (const { ordinal, pod } of placesOf(members, limits)) {
    const next = pod ? keepOne(state, limits, ordinal, pod, nowMs) : makeOne(state, limits, ordinal);
    steps.push(...next.steps);
    if (limits.ordered && next.waitsFor !== undefined) return stop(next.waitsFor);
  }
  for (const pod of condemned) steps.push(...retainSteps(state, pod, true));
  for (const pod of condemned) {
    const next = removeOne(limits, pod, condemned, nowMs);
    if (next.remove) steps.push({ kind: 'remove', pod });
    if (limits.ordered && next.waitsFor !== undefined) return stop(next.waitsFor);
  }
  const replaced = limits.rolling ? podsToReplace(limits, members, revisions.update, nowMs) : [];
  const going = new Set(steps.map((step) => (step.kind === 'remove' ? step.pod : undefined)));
  steps.push(...replaced.filter((pod) => !going.has(pod)).map((pod): Step => ({ kind: 'remove', pod })));
  return { steps, status: status(replaced) };
}

interface Sorted {
  /** Those that are wanted and there, by ordinal. */
  readonly members: readonly Member[];
  /** Beyond what is wanted, the highest ordinal first. */
  readonly condemned: readonly Pod[];
}

function sortPods({ set, pods }: StatefulSetState, { start, replicas }: Limits): Sorted {
  const members: Member[] = [];
  const condemned: Member[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    (ordinal >= start && ordinal < start + replicas ? members : condemned).push({ ordinal, pod });
  }
  members.sort((a, b) => a.ordinal - b.ordinal);
  condemned.sort((a, b) => b.ordinal - a.ordinal);
  return { members, condemned: condemned.map(({ pod }) => pod) };
}

/**
 * What this pass looks at, by ordinal: all members, and of the places without one the first `burstMax`. A set may want any
 * number of pods, so that nothing may cost by how many it wants.
 */
function* placesOf(
  members: readonly Member[],
  { start, replicas }: Limits,
): Generator<{ readonly ordinal: number; readonly pod: Pod | undefined }> {
  let next = start;
  let gaps = 0;
  const end = { ordinal: start + replicas, pod: undefined };
  for (const { ordinal, pod } of [...members, end]) {
    for (; next < ordinal && gaps < burstMax; next++, gaps++) yield { ordinal: next, pod: undefined };
    if (pod) yield { ordinal, pod };
    next = ordinal + 1;
  }
}

/** What to do about one ordinal, and why the ordinals after it must wait. */
interface Next {
  readonly steps: readonly Step[];
  readonly waitsFor?: string;
}

function makeOne(state: StatefulSetState, limits: Limits, ordinal: number): Next {
  const { set, revisions } = state;
  const name = podName(set, ordinal);
  const claims = claimsOf(state, ordinal);
  const going = claims.find(({ claim }) => claim?.metadata.deletionTimestamp !== undefined);
  if (claims.some(({ claim }) => claim && isStale(claim, set, ordinal))) {
    return { steps: [], waitsFor: `the claims of the former ${name} to be gone` };
  }
  if (going) {
    const message = `pvc ${going.name} is being deleted`;
    return { steps: [{ kind: 'refuse', name, message }], waitsFor: `claim ${going.name} to be gone` };
  }
  const keepsCurrent = limits.rolling && ordinal < limits.start + limits.partition;
  const pod = keepsCurrent
    ? newPod(set, state.current, revisions.current, ordinal)
    : newPod(set, state.update, revisions.update, ordinal);
  return { steps: [{ kind: 'create', pod, claims: missing(claims) }], waitsFor: `${name} to be made` };
}

function keepOne(state: StatefulSetState, limits: Limits, ordinal: number, pod: Pod, nowMs: number): Next {
  const { name } = pod.metadata;
  // Whatever ended it, it runs again, as soon as its object is gone.
  if (hasEnded(pod)) {
    return { steps: isTerminating(pod) ? [] : [{ kind: 'remove', pod }], waitsFor: `${name} to be gone` };
  }
  const steps: Step[] = [];
  if (pod.status?.phase === 'Pending') {
    const claims = missing(claimsOf(state, ordinal));
    if (claims.length > 0) steps.push({ kind: 'claim', pod, claims });
  }
  const waitsFor = waitsForOf(limits, pod, nowMs);
  if (limits.ordered && waitsFor !== undefined) return { steps, waitsFor };
  const repaired = repairedPod(state.set, ordinal, pod);
  if (repaired) steps.push({ kind: 'repair', pod: repaired });
  return { steps: [...steps, ...retainSteps(state, pod, false)] };
}

function waitsForOf({ minReadySeconds }: Limits, pod: Pod, nowMs: number): string | undefined {
  const { name } = pod.metadata;
  if (isTerminating(pod)) return `${name} to be gone`;
  if (!isRunningAndReady(pod)) return `${name} to be ready`;
  return isRunningAndAvailable(pod, minReadySeconds, nowMs) ? undefined : `${name} to be available`;
}

/** Scaling down goes from the top. A pod that is not well may go only when no pod below it is worse off. */
function removeOne(
  limits: Limits,
  pod: Pod,
  condemned: readonly Pod[],
  nowMs: number,
): { readonly remove: boolean; readonly waitsFor?: string } {
  const { name } = pod.metadata;
  if (isTerminating(pod)) return { remove: false, waitsFor: `${name} to be gone` };
  const lowestUnwell = condemned.findLast((one) => waitsForOf(limits, one, nowMs) !== undefined);
  const waitsFor = waitsForOf(limits, pod, nowMs);
  // What has ended will never be well: it has nothing to wait for.
  const mustWait = limits.ordered && waitsFor !== undefined && !hasEnded(pod) && pod !== lowestUnwell;
  if (mustWait) return { remove: false, waitsFor };
  return { remove: true, waitsFor: `${name} to be gone` };
}

interface NamedClaim {
  readonly name: string;
  readonly claim: Claim | undefined;
  readonly wanted: V1PersistentVolumeClaim;
}

const claimsOf = ({ set, claimOf }: StatefulSetState, ordinal: number): readonly NamedClaim[] =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const name = claimName(set, template, ordinal);
    return { name, claim: claimOf(name), wanted: newClaim(set, template, ordinal) };
  });

const missing = (claims: readonly NamedClaim[]): readonly V1PersistentVolumeClaim[] =>
  claims.flatMap(({ claim, wanted }) => (claim ? [] : [wanted]));

const retainSteps = (state: StatefulSetState, pod: Pod, condemned: boolean): readonly Step[] =>
  claimsOf(state, ordinalOf(state.set, pod) ?? 0).flatMap(({ claim }): Step[] => {
    const wanted = claim && retainedClaim(claim, state.set, pod, condemned);
    return wanted ? [{ kind: 'retain', pod, claim: wanted }] : [];
  });
