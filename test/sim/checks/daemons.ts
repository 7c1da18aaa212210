import type { V1Pod } from '#api/generated/types.ts';
import type { Change, Check } from '../world/history.ts';
import { readyMachines } from '../world/ready-machines.ts';
import { hasEnded, isAvailable, isGoing, isPod, nameOf } from '../world/views.ts';

export interface DaemonPromise {
  readonly maxUnavailable: number;
  readonly maxSurge: number;
}

export interface DaemonCheck extends Check {
  /** From now on, until `release`. Call it when the set is whole. */
  hold(app: string, promised: DaemonPromise): void;
  release(app: string): void;
  readonly compared: number;
}

/**
 * What a DaemonSet promises, seen from outside: never two pods for one node (but for a surge, and for what ended), and in a rollout
 * never more nodes without a pod than allowed. Silent about the latter once a machine was lost.
 */
export function daemonPromises(): DaemonCheck {
  const promises = new Map<string, DaemonPromise>();
  const pods = new Map<string, Map<string, V1Pod>>();
  const machines = readyMachines();
  let compared = 0;

  const setOf = (pod: V1Pod): string | undefined => {
    const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller);
    return owner?.kind === 'DaemonSet' ? owner.name : undefined;
  };

  const judge = ({ object, previous }: Change, app: string): string | undefined => {
    const promised = promises.get(app);
    if (!promised) return undefined;
    const all = [...(pods.get(app)?.values() ?? [])];
    if (isPod(object) && !previous) {
      const node = targetOf(object);
      const there = all.filter((pod) => targetOf(pod) === node && !hasEnded(pod));
      const counted = promised.maxSurge > 0 ? there.filter((pod) => !isGoing(pod)) : there;
      const most = promised.maxSurge > 0 ? 2 : 1;
      if (counted.length > most) return `${counted.map(nameOf).join(' and ')} are for ${node}`;
    }
    compared += 1;
    const served = [...machines.names].filter((node) =>
      all.some((pod) => pod.spec?.nodeName === node && isAvailable(pod)),
    );
    const missing = machines.names.size - served.length;
    return missing > promised.maxUnavailable
      ? `${missing} nodes are without a pod of ${app}, at most ${promised.maxUnavailable} may be`
      : undefined;
  };

  return {
    name: 'daemon sets',
    hold: (app, promised) => promises.set(app, promised),
    release: (app) => promises.delete(app),
    get compared() {
      return compared;
    },
    onChange(change) {
      if (machines.isLost(change)) promises.clear();
      const { key, object, previous } = change;
      const one = object ?? previous;
      const app = isPod(one) ? setOf(one) : undefined;
      if (app === undefined) return undefined;
      const ofApp = pods.get(app) ?? new Map<string, V1Pod>();
      pods.set(app, ofApp);
      if (isPod(object)) ofApp.set(key, object);
      else ofApp.delete(key);
      return judge(change, app);
    },
  };
}

/** The node that a daemon's pod is for, before and after it is there. */
export const targetOf = ({ spec }: V1Pod): string | undefined =>
  spec?.nodeName ??
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0];
