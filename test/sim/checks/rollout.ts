import type { V1Pod } from '#api/generated/types.ts';
import type { Check } from '../world/history.ts';
import { readyMachines } from '../world/ready-machines.ts';
import { appOf, hasEnded, isAvailable, isGoing, isPod } from '../world/views.ts';

export interface Promised {
  readonly strategy: 'RollingUpdate' | 'Recreate';
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * What a rollout promises, seen from outside. RollingUpdate: never fewer pods available than allowed, never more pods than
 * allowed. Recreate: never two versions at once.
 * It is silent once a node was lost, since no controller can promise anything then.
 */
export interface RolloutCheck extends Check {
  /** From now on, until `release`. Call it when the deployment is whole. */
  hold(app: string, promised: Promised): void;
  release(app: string): void;
  /** How often a promise was compared with what was there. */
  readonly compared: number;
}

export function rolloutPromises(): RolloutCheck {
  const promises = new Map<string, Promised>();
  const pods = new Map<string, Map<string, V1Pod>>();
  const machines = readyMachines();
  let compared = 0;

  const judge = (app: string): string | undefined => {
    const promised = promises.get(app);
    if (!promised) return undefined;
    compared += 1;
    const all = [...(pods.get(app)?.values() ?? [])];
    if (promised.strategy === 'Recreate') return twoVersions(app, all);
    const available = all.filter(isAvailable).length;
    const least = promised.replicas - promised.maxUnavailable;
    if (available < least) return `${app} has ${available} pods available, ${least} were promised`;
    const active = all.filter((pod) => !isGoing(pod) && !hasEnded(pod)).length;
    const most = promised.replicas + promised.maxSurge;
    return active > most ? `${app} has ${active} pods, at most ${most} were promised` : undefined;
  };

  return {
    name: 'rollout promises',
    hold: (app, promised) => promises.set(app, promised),
    release: (app) => promises.delete(app),
    get compared() {
      return compared;
    },
    onChange(change) {
      if (machines.isLost(change)) promises.clear();
      const { key, object, previous } = change;
      const pod = object ?? previous;
      if (!isPod(pod)) return undefined;
      const app = appOf(pod);
      const ofApp = pods.get(app) ?? new Map<string, V1Pod>();
      pods.set(app, ofApp);
      if (isPod(object)) ofApp.set(key, object);
      else ofApp.delete(key);
      return judge(app);
    },
  };
}

function twoVersions(app: string, pods: readonly V1Pod[]): string | undefined {
  const images = new Set(pods.filter((pod) => !hasEnded(pod)).map(({ spec }) => spec?.containers[0]?.image));
  return images.size > 1 ? `${app} has pods of ${[...images].join(' and ')} at once` : undefined;
}
