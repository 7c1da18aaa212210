import { isPodAvailable } from '../shared/pods.ts';
import type { Limits } from './limits.ts';
import type { Place } from './places.ts';
import { hashOf, type Pod } from './pod.ts';

export interface RollingStep {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/** What of a rollout can be done now. Old pods that do not work cost nothing: they are replaced at once. */
export const rollingStep = (places: readonly Place[], limits: Limits, hash: string, nowMs: number): RollingStep =>
  limits.maxSurge > 0 ? surge(places, limits, hash, nowMs) : replace(places, limits, hash, nowMs);

interface Pair {
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
}

/** Undefined when there are two of a kind, of which one is yet to go. */
function pairOf({ pods }: Place, hash: string): Pair | undefined {
  const staying = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const fresh = staying.filter((pod) => hashOf(pod) === hash);
  const old = staying.filter((pod) => hashOf(pod) !== hash);
  return fresh.length > 1 || old.length > 1 ? undefined : { fresh: fresh[0], old: old[0] };
}

/** The old pod goes, and the new one comes when it is gone. */
function replace(places: readonly Place[], limits: Limits, hash: string, nowMs: number): RollingStep {
  const isWell = (pod: Pod): boolean => isPodAvailable(pod, limits.minReadySeconds, nowMs);
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const place of places) {
    if (place.pods.length === 0 && !place.eligible.run) continue;
    const pair = pairOf(place, hash);
    const only = pair && !(pair.fresh && pair.old) ? (pair.fresh ?? pair.old) : undefined;
    if (!only || !isWell(only)) unavailable += 1;
    if (!only || only === pair?.fresh) continue;
    (isWell(only) ? candidates : broken).push(only);
  }
  return { create: [], remove: [...broken, ...candidates.slice(0, Math.max(0, limits.maxUnavailable - unavailable))] };
}

/** The new pod comes first, and the old one goes when the new one is available. */
function surge(places: readonly Place[], limits: Limits, hash: string, nowMs: number): RollingStep {
  const isWell = (pod: Pod): boolean => isPodAvailable(pod, limits.minReadySeconds, nowMs);
  const remove: Pod[] = [];
  const needed: string[] = [];
  const candidates: string[] = [];
  let surged = 0;
  for (const place of places) {
    const pair = pairOf(place, hash);
    if (!pair) surged += 1;
    if (!pair?.old) continue;
    const { fresh, old } = pair;
    if (fresh) {
      if (!isWell(old) || isWell(fresh)) remove.push(old);
      else surged += 1;
    } else if (place.eligible.run) (isWell(old) ? candidates : needed).push(place.node);
  }
  return { remove, create: [...needed, ...candidates.slice(0, Math.max(0, limits.maxSurge - surged))] };
}
