import type { V1EndpointSlice, V1Node } from '#api/generated/types.ts';
import type { Check } from '../world/history.ts';
import { isEndpointSlice, isNode, isPod, isTrue, nameOf } from '../world/views.ts';
import type { World } from '../world/world.ts';

/** A machine that runs and can be reached must not lose its pods because the server, its disk or the network was slow. */
export function liveNodesStay(world: () => World): Check {
  /** So long both must have been well: what was lost before that may be noticed now. */
  const wellMs = 4_000;
  const since = (of: number | undefined, atMs: number): boolean => of !== undefined && atMs - of >= wellMs;
  return {
    name: 'live nodes stay',
    onChange({ object, previous, atMs }) {
      if (!isNode(object) || !evicts(object) || (isNode(previous) && evicts(previous))) return undefined;
      const machine = world().machines.find(({ name }) => name === nameOf(object));
      const wrong = since(machine?.wellSinceMs, atMs) && since(world().serverWellSinceMs, atMs);
      return wrong ? `${machine?.name} is well, and its pods are sent away` : undefined;
    },
  };
}

const evicts = (node: V1Node): boolean =>
  (node.spec?.taints ?? []).some(
    ({ key, effect }) => key === 'node.kubernetes.io/unreachable' && effect === 'NoExecute',
  );

/** An endpoint that is said to be ready has a pod that is, but for the time that it takes to write so. */
export function endpointsLead(world: () => World): Check {
  const boundMs = 2_000;
  const ready = new Set<string>();
  const slices = new Map<string, readonly string[]>();
  /** Endpoint → since when it leads to a pod that is not ready. */
  const wrong = new Map<string, number>();

  const look = (atMs: number): string | undefined => {
    for (const [slice, uids] of slices) {
      for (const uid of uids) {
        const key = `${slice} ${uid}`;
        if (ready.has(uid)) wrong.delete(key);
        else if (!wrong.has(key)) wrong.set(key, atMs);
      }
    }
    for (const [key, since] of wrong) {
      const [slice = '', uid = ''] = key.split(' ');
      if (!slices.get(slice)?.includes(uid)) wrong.delete(key);
      // While the server is away, or its disk, nobody can write it.
      else if (atMs - Math.max(since, world().quietSinceMs) > boundMs)
        return `${slice} leads to a pod that is not ready`;
    }
    return undefined;
  };

  return {
    name: 'endpoints lead to ready pods',
    onChange({ key, object, previous, atMs }) {
      const of = object ?? previous;
      if (isEndpointSlice(of)) slices.set(key, isEndpointSlice(object) ? readyUids(object) : []);
      else if (isPod(of)) {
        const uid = of.metadata?.uid ?? '';
        if (isPod(object) && isTrue(object, 'Ready') && object.metadata?.deletionTimestamp === undefined)
          ready.add(uid);
        else ready.delete(uid);
      } else return undefined;
      return look(atMs);
    },
  };
}

const readyUids = (slice: V1EndpointSlice): string[] =>
  (slice.endpoints ?? []).flatMap(({ conditions, targetRef }) =>
    conditions?.ready && targetRef?.uid ? [targetRef.uid] : [],
  );
