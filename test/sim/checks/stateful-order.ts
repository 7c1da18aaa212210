import type { V1Pod, V1StatefulSet } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import type { Change, Check } from '../world/history.ts';
import { readyMachines } from '../world/ready-machines.ts';
import { hasEnded, isAvailable, isGoing, isPod, nameOf } from '../world/views.ts';

const isStatefulSet = (object: KubeObject | undefined): object is V1StatefulSet => object?.kind === 'StatefulSet';

/** How far behind the controller's view of a pod may be while requests and watches fail. */
const lagMs = 30_000;

interface Member {
  pod: V1Pod | undefined;
  /** When it was last seen well, this pod or the one before it. */
  wellAtMs: number;
}

export interface OrderCheck extends Check {
  /** How many pods were made or sent away in order. */
  readonly compared: number;
}

/**
 * What an ordered StatefulSet promises, seen from outside: a pod is made only when all before it were well, and one is sent away
 * only when there is no better one to go: of those that are too many the last, of those that are old the last. Silent once a
 * machine was lost, and about pods that users delete.
 */
export function statefulOrder(): OrderCheck {
  const sets = new Map<string, V1StatefulSet>();
  const members = new Map<string, Map<number, Member>>();
  const machines = readyMachines();
  let lost = false;
  let compared = 0;

  const setOf = (pod: V1Pod): string | undefined => {
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
    return owner?.kind === 'StatefulSet' ? `${pod.metadata?.namespace}/${owner.name}` : undefined;
  };

  const onMade = (set: V1StatefulSet, all: ReadonlyMap<number, Member>, ordinal: number, atMs: number) => {
    for (let below = set.spec?.ordinals?.start ?? 0; below < ordinal; below += 1) {
      const member = all.get(below);
      const isWell = member?.pod && isAvailable(member.pod);
      if (!isWell && (member === undefined || atMs - member.wellAtMs > lagMs)) {
        return `${nameOf(set)}-${ordinal} is made while ${nameOf(set)}-${below} is not well`;
      }
    }
    return undefined;
  };

  const onSentAway = (set: V1StatefulSet, all: ReadonlyMap<number, Member>, ordinal: number, pod: V1Pod) => {
    const revision = pod.metadata?.labels?.['controller-revision-hash'];
    for (const [above, { pod: other }] of all) {
      if (above <= ordinal || !other) continue;
      const name = `${nameOf(set)}-${above}`;
      if (isGoing(other)) return `${nameOf(pod)} is sent away while ${name} is still going`;
      if (other.metadata?.labels?.['controller-revision-hash'] === revision) {
        return `${nameOf(pod)} is sent away before ${name}, which is as old`;
      }
    }
    return undefined;
  };

  const judge = ({ atMs, object, previous }: Change, pod: V1Pod): string | undefined => {
    const key = setOf(pod);
    const set = key === undefined ? undefined : sets.get(key);
    if (key === undefined || !set) return undefined;
    const ordinal = Number(nameOf(pod).slice(nameOf(set).length + 1));
    const all = members.get(key) ?? new Map<number, Member>();
    members.set(key, all);
    const member = all.get(ordinal) ?? { pod: undefined, wellAtMs: Number.NEGATIVE_INFINITY };
    all.set(ordinal, member);
    if ([object, previous].some((one) => isPod(one) && isAvailable(one))) member.wellAtMs = atMs;
    member.pod = isPod(object) ? object : undefined;
    if (lost || set.spec?.podManagementPolicy === 'Parallel') return undefined;
    if (isPod(object) && !previous) {
      compared += 1;
      return onMade(set, all, ordinal, atMs);
    }
    const sentAway = isPod(previous) && !isGoing(previous) && !hasEnded(previous) && (!object || isGoing(object));
    if (!sentAway || !isPod(previous)) return undefined;
    compared += 1;
    return onSentAway(set, all, ordinal, previous);
  };

  return {
    name: 'order of stateful sets',
    get compared() {
      return compared;
    },
    onChange(change) {
      const { key, object, previous } = change;
      const one = object ?? previous;
      lost ||= machines.isLost(change);
      if (isStatefulSet(one)) {
        const name = key.split('/').slice(-2).join('/');
        if (isStatefulSet(object)) sets.set(name, object);
        else sets.delete(name);
      }
      return isPod(one) ? judge(change, one) : undefined;
    },
  };
}
